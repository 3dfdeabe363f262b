// Over 300 lines: one schema, whose parts are checked against each other, to be read and searched as one.
import { z } from 'zod';
import { type AlgorithmSpec, algorithmSpec, guardedAlgorithms, impliedBetaOf } from './algorithms.ts';
import { isAlert } from './alerts.ts';
import { rowScoreNames } from './data/row-scores.ts';
import {
  guardCombinations,
  guardDivergences,
  guardKinds,
  usualGuardWeight,
  usualHinge,
  usualLearningRate,
} from './spec-defaults.ts';

/**
 * The run spec: one object in YAML, JSON, the launch form, the CLI and the store. Every object is strict: an unknown key is
 * refused with its path. Descriptions feed the form's help and the reference page. It is one schema, read as one, and longer than
 * 300 lines for that.
 */
const positive = z.number().positive();
const fraction = z.number().min(0).max(1);
const count = z.number().int().positive();

export const datasetChoice = z.strictObject({
  train: z
    .union([
      z.string().min(1),
      z
        .array(
          z.strictObject({
            name: z.string().min(1).describe('A dataset, by name or id.'),
            weight: positive
              .max(1000)
              .default(1)
              .describe(
                'How often each of its rows is seen in one pass over the data; 0.5: every second row, others each time.',
              ),
          }),
        )
        .min(1)
        .refine((sources) => new Set(sources.map(({ name }) => name)).size === sources.length, {
          message: 'each dataset is in a mixture once; give it a weight instead',
        }),
    ])
    .describe('Dataset to train on, by name or id; or a mixture, a list of {name, weight}.'),
  heldOut: fraction
    .lt(1)
    .default(0)
    .describe(
      'Fraction of rows kept out of training and turned into the suite “held-out-pairs”; of a mixture, one suite per dataset.',
    ),
  leaveOut: z
    .union([
      z.array(z.string().min(1)).min(1).max(100_000),
      z.strictObject({
        score: z.enum(rowScoreNames).describe('Of suspects; `flipguard suspects RUN` measures it.'),
        top: fraction.gt(0).lt(1).describe('Share of rows with the highest score.'),
      }),
    ])
    .optional()
    .describe(
      'Rows that training does without: their ids, or the most suspect by a score, as they stand at launch. Held-out pairs stay the same.',
    ),
});

const guardFields = z.strictObject({
  kind: z
    .enum(guardKinds)
    .default('none')
    .describe(
      'FlipGuard, or one of its controls; or a hinge on what the old model got right in texts of a suite (flip-hinge).',
    ),
  target: z
    .enum(['chosen', 'pre-sample', 'guard-set'])
    .default('chosen')
    .describe('Which response the policy is held to.'),
  guardSet: z.string().optional().describe('Guard set by name or id, when target is guard-set.'),
  gate: z
    .enum(['sequence', 'per-token', 'margin'])
    .default('sequence')
    .describe('Quantity whose fall beyond epsilon is a negative flip.'),
  divergence: z
    .enum(guardDivergences)
    .default('ce')
    .describe(
      'Cross-entropy on the target; the full-vocabulary forward KL; masked-kl, the same without the target’s token, which is taken out of both distributions (“mask the target”: the guard then leaves that token to the alignment loss); or fall, the amount by which the gated quantity fell beyond epsilon: a hinge, without a jump where the gate opens.',
    ),
  reduction: z
    .enum(['token-mean', 'token-sum'])
    .default('token-mean')
    .describe('How D(x), or the hinge, sums over tokens.'),
  reward: z
    .enum(['given', 'implicit'])
    .default('given')
    .describe(
      'Next to an algorithm that samples: whether the gate compares the rewards of answers (with several to a prompt, their mean), or the target’s implicit reward β·(lp(π) − lp(ref)); β is that of online-dpo, with rloo, grpo and ppo the weight of their KL. Pairs have implicit rewards alone.',
    ),
  epsilon: z.number().min(0).default(0).describe('Tolerated fall of the gated quantity.'),
  weight: z
    .number()
    .min(0)
    .optional()
    .describe(
      `λ: weight of the guard next to the alignment loss; ${usualGuardWeight('flipguard')} by default, ${usualGuardWeight('flip-hinge')} for a flip hinge.`,
    ),
  learnedWeight: z
    .strictObject({
      rate: positive.describe('How far λ moves per unit above the target.'),
      target: z.number().min(0).describe('What the measure is held to.'),
      of: z
        .enum(['firing-rate', 'fall'])
        .optional()
        .describe(
          'The measure: the share that fires (firing-rate, the default; of a flip hinge, of held tokens), or the mean amount of the fall beyond epsilon (of a flip hinge, the hinge).',
        ),
      per: z
        .enum(['run', 'slice'])
        .optional()
        .describe(
          'One λ for the run, the default, or one for each slice: the first tag of a training row or of a guard set’s sample, the first slice of a guard suite’s sample.',
        ),
    })
    .refine(({ of, target }) => of === 'fall' || target <= 1, {
      path: ['target'],
      message: 'a firing rate is at most 1',
    })
    .nullable()
    .default(null)
    .describe('λ ← max(0, λ + rate·(measure − target)) after each step; null keeps λ fixed.'),
  randomRate: fraction.optional().describe('Firing probability of the random gate.'),
  suite: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Of a flip hinge: the guard suite by name or id, whose texts it reads. Not one whose flips are to be reported.',
    ),
  tokens: z
    .enum(['old-right', 'all', 'random'])
    .optional()
    .describe(
      'Of a flip hinge: the tokens it holds. old-right, the default: those that the old model’s greedy choice gets right. As controls: all, or as many as old-right has, drawn at random by the seed.',
    ),
  margin: z
    .number()
    .min(0)
    .optional()
    .describe('Of a flip hinge: how far, in logits, a held token shall stay ahead of every other one; 1 by default.'),
  combine: z
    .enum(guardCombinations)
    .optional()
    .describe(
      'How the guard’s gradient meets that of training. add, the default: λ times it is added. project: where the two conflict, training’s is projected off the guard’s (A-GEM). agree: coordinates in which their signs differ are left out. Without add, λ has no part.',
    ),
});

export const guardSpec = guardFields.transform((guard) => ({
  ...guard,
  ...(guard.kind === 'flip-hinge'
    ? {
        tokens: guard.tokens ?? usualHinge.tokens,
        margin: guard.margin ?? usualHinge.margin,
        combine: guard.combine ?? usualHinge.combine,
      }
    : {}),
  weight: guard.weight ?? usualGuardWeight(guard.kind),
}));

export const tuningSpec = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('full') }),
  z.strictObject({
    kind: z.literal('lora'),
    rank: count.default(8).describe('Inner dimension of the adapter.'),
    alpha: positive.default(16).describe('The adapter’s output is scaled by alpha / rank.'),
    dropout: fraction.lt(1).default(0).describe('On the adapter’s input, in training.'),
    targets: z
      .array(z.string().min(1))
      .min(1)
      .default(['all-linear'])
      .describe('Names of the linear layers that get an adapter; all-linear: every one in the blocks.'),
  }),
]);

export const optimizerSpec = z.strictObject({
  kind: z.literal('adamw').default('adamw'),
  learningRate: positive
    .optional()
    .describe(
      'At its highest; the schedule lowers it. By default 2e-5, of online-dpo 1e-5, of rloo, grpo and ppo 6e-6, and ten times as much for LoRA: for small models; one of billions of parameters wants less.',
    ),
  weightDecay: z.number().min(0).default(0).describe('Decoupled; norms and biases have none.'),
  beta1: fraction.lt(1).default(0.9),
  beta2: fraction.lt(1).default(0.999),
  epsilon: positive.default(1e-8),
  schedule: z
    .enum(['constant', 'linear', 'cosine'])
    .default('constant')
    .describe('How the learning rate continues after the warm-up.'),
  warmupSteps: z.number().int().min(0).default(0).describe('Steps in which the learning rate rises from 0.'),
  maxGradNorm: positive.nullable().default(null).describe('Gradients are scaled down to this norm; null leaves them.'),
});

export const runSpecSchema = z
  .strictObject({
    name: z.string().min(1).max(200).describe('Of the run; a number is added where it is taken.'),
    model: z.string().min(1).describe('A model, or a checkpoint of another run, by name or id.'),
    dataset: datasetChoice,
    algorithm: algorithmSpec,
    guard: guardSpec.prefault({}),
    tuning: tuningSpec.prefault({ kind: 'full' }),
    optimizer: optimizerSpec.prefault({}),
    precision: z
      .enum(['float32', 'bf16', 'auto'])
      .default('auto')
      .describe(
        'bf16: weights that do not train are stored in bfloat16, and gradients are products in it where the device multiplies it; what is computed forward, trained weights and moments stay float32. auto: bf16 on a GPU, else float32.',
      ),
    memory: z
      .strictObject({
        checkpointing: z
          .union([z.boolean(), z.literal('auto')])
          .default('auto')
          .describe(
            'Keep only the input of each block and compute the block again on the way back: less memory, more time. auto: where a step would not fit otherwise.',
          ),
      })
      .prefault({}),
    batch: z
      .strictObject({
        size: count.default(8).describe('Samples a forward pass takes.'),
        accumulation: count.default(1).describe('Forward passes whose gradients make one step.'),
        maxLength: count.default(512).describe('Tokens a sequence may have; longer ones are truncated as TRL does.'),
        shuffle: z.boolean().default(true).describe('A new order for each epoch, from the seed.'),
        groupByLength: z.boolean().default(false).describe('Batches of like lengths: less padding, less random.'),
      })
      .prefault({}),
    steps: count.optional().describe('Optimiser steps; give steps or epochs.'),
    epochs: positive.optional().describe('Passes over the data; give steps or epochs.'),
    seed: z.number().int().min(0).default(0).describe('Of order, dropout and sampling.'),
    evaluate: z
      .strictObject({
        suites: z
          .array(z.string().min(1))
          .default([])
          .describe('Suites by name or id; “held-out-pairs” is the one that dataset.heldOut makes.'),
        every: count.optional().describe('Steps between evaluations; before and after training they always run.'),
        kl: z
          .boolean()
          .optional()
          .describe(
            'Tell at every evaluation how far the model has moved: KL(old ‖ new) over the full vocabulary, in nats per answer, along what the old model answers to the suites that are sampled (greedily answered ones where none is). With full tuning it keeps the old model in memory.',
          ),
      })
      .prefault({}),
    checkpoint: z
      .strictObject({
        every: count.optional().describe('Steps between checkpoints; the last step always has one.'),
        keep: z
          .union([z.literal('all'), z.literal('last'), count])
          .default('all')
          .describe('All of them, the last, or so many of the newest.'),
      })
      .prefault({}),
    limits: z
      .strictObject({
        alerts: z
          .array(z.string().refine(isAlert, 'is not a rule: nfr>2%, or rewards/margins<0'))
          .max(20)
          .optional()
          .describe(
            'Rules that are told when they begin to hold: nfr>2% (the lower bound of NFR against the start), or any curve, kl/pre>10.',
          ),
        maxNfr: fraction
          .optional()
          .describe(
            'Stop when the lower bound of NFR against the start passes this; of answers that have a score and no verdict, the share whose score fell, beyond what two samplings of the start make where a suite of outputs is sampled.',
          ),
        action: z
          .enum(['stop', 'checkpoint', 'raise-weight'])
          .default('stop')
          .describe('What happens when it is passed: the run stops, keeps a checkpoint, or doubles λ.'),
      })
      .prefault({}),
  })
  .superRefine((spec, context) => {
    if ((spec.steps === undefined) === (spec.epochs === undefined)) {
      context.addIssue({ code: 'custom', path: ['steps'], message: 'give either steps or epochs' });
    }
    checkCombination(spec.guard, context);
    if (spec.evaluate.kl === true && spec.algorithm.kind === 'reward') {
      context.addIssue({
        code: 'custom',
        path: ['evaluate', 'kl'],
        message: 'a reward model answers no prompts, so it has no KL to the old model',
      });
    }
    if (spec.guard.kind === 'flip-hinge') {
      checkFlipHinge(spec, context);
      return;
    }
    if (spec.guard.kind !== 'none' && !guardedAlgorithms.some((kind) => kind === spec.algorithm.kind)) {
      context.addIssue({
        code: 'custom',
        path: ['guard', 'kind'],
        message: `the guard works with ${guardedAlgorithms.join(', ')}, not with ${spec.algorithm.kind}, which keeps no reward of a response that could fall${spec.algorithm.kind === 'reward' ? '' : '; a flip hinge (guard.kind: flip-hinge) holds any policy'}`,
      });
    }
    if (spec.guard.kind !== 'none' && spec.guard.target === 'guard-set' && spec.guard.guardSet === undefined) {
      context.addIssue({
        code: 'custom',
        path: ['guard', 'guardSet'],
        message: 'target guard-set needs the name of a guard set',
      });
    }
    checkGuardParts(spec, context);
    if (spec.guard.kind === 'random' && spec.guard.randomRate === undefined) {
      context.addIssue({
        code: 'custom',
        path: ['guard', 'randomRate'],
        message: 'the random gate needs its firing rate',
      });
    }
  })
  .transform((spec) => {
    const learningRate = spec.optimizer.learningRate ?? usualLearningRate(spec.algorithm.kind, spec.tuning.kind);
    return { ...spec, optimizer: { ...spec.optimizer, learningRate } };
  });

/** λ adds a guard's gradient, and says nothing where it meets that of training. */
function checkCombination({ kind, combine = 'add', learnedWeight }: GuardSpec, context: z.RefinementCtx): void {
  if (kind === 'none' || combine === 'add' || learnedWeight === null) return;
  context.addIssue({
    code: 'custom',
    path: ['guard', 'learnedWeight'],
    message: `λ has no part where the gradients ${combine === 'project' ? 'are projected' : 'have to agree'}; set combine to add`,
  });
}

/** Parts of a guard that do not go together. */
function checkGuardParts(
  { guard, algorithm }: { guard: GuardSpec; algorithm: AlgorithmSpec },
  context: z.RefinementCtx,
): void {
  if (guard.kind === 'none' || !guardedAlgorithms.some((kind) => kind === algorithm.kind)) return;
  const refuse = (key: string, message: string) => context.addIssue({ code: 'custom', path: ['guard', key], message });
  const samples = algorithm.kind !== 'dpo';
  const judges = samples && guard.reward === 'given';
  if (samples && guard.reward === 'implicit' && impliedBetaOf(algorithm) === 0) {
    const key = algorithm.kind === 'ppo' ? 'algorithm.kl.weight' : 'algorithm.klWeight';
    refuse(
      'reward',
      `the implicit reward is β·(lp(π) − lp(ref)), β being the weight of the KL with ${algorithm.kind}, and ${key} is 0: nothing can fall`,
    );
  }
  if (samples && guard.gate === 'margin' && !(guard.reward === 'implicit' && guard.target === 'guard-set')) {
    refuse(
      'gate',
      `a margin is that of two responses, and next to ${algorithm.kind} only a guard set under implicit rewards has two; set gate to sequence or per-token`,
    );
  }
  if (guard.divergence !== 'fall') return;
  if (judges && guard.kind !== 'flipguard') {
    refuse(
      'divergence',
      'no gradient passes through the reward of a sampled answer, so that its fall can but weigh the pull where the gate fires: ungated would be the same run. Compare with controls under ce, kl or masked-kl',
    );
  }
  if (!judges && guard.gate === 'margin' && guard.target === 'pre-sample') {
    refuse(
      'divergence',
      'the margin is that of the training pair, which no pull on a pre-sample changes; set gate to sequence',
    );
  }
}

function checkFlipHinge(
  { guard, algorithm }: { guard: GuardSpec; algorithm: { kind: string } },
  context: z.RefinementCtx,
): void {
  if (algorithm.kind === 'reward') {
    context.addIssue({
      code: 'custom',
      path: ['guard', 'kind'],
      message: 'a flip hinge holds the tokens a model chooses, and a reward model chooses none',
    });
  }
  if (guard.suite === undefined) {
    context.addIssue({ code: 'custom', path: ['guard', 'suite'], message: 'a flip hinge needs the name of a suite' });
  }
}

/** A complete spec: every default filled in. */
export type RunSpec = z.output<typeof runSpecSchema>;
/** What a person writes: defaults may be left out. */
export type RunSpecInput = z.input<typeof runSpecSchema>;
export type GuardSpec = z.output<typeof guardSpec>;
export type TuningSpec = z.output<typeof tuningSpec>;
export type OptimizerSpec = RunSpec['optimizer'];
