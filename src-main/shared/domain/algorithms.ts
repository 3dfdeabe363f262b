import { z } from 'zod';
import { assertNever } from './errors.ts';
import { programSchema } from './program-schema.ts';

/** The algorithms of a run spec. Descriptions feed the form's help and the reference page. */
const positive = z.number().positive();
const fraction = z.number().min(0).max(1);
const count = z.number().int().positive();

/** Losses on pairs with a reference; the equations and their sources are in engine/losses/dpo.ts. */
export const dpoLossNames = ['sigmoid', 'hinge', 'ipo', 'sigmoid-norm', 'apo-zero', 'robust'] as const;
export type DpoLossName = (typeof dpoLossNames)[number];

export const dpoSpec = z.strictObject({
  kind: z.literal('dpo'),
  loss: z
    .union([
      z.enum(dpoLossNames),
      z
        .array(
          z.strictObject({
            kind: z.enum(dpoLossNames),
            weight: positive.default(1).describe('Of this loss in the sum.'),
          }),
        )
        .min(1),
    ])
    .default('sigmoid')
    .describe('Preference loss on the log-ratios of a pair, or a list of losses with weights, which are added up.'),
  beta: positive.default(0.1).describe('Strength of the implicit KL constraint.'),
  labelSmoothing: fraction
    .lt(0.5)
    .default(0)
    .describe(
      'Probability that a preference is flipped: conservative DPO with sigmoid, unbiased under such noise with robust; the other losses ignore it.',
    ),
  dpop: z
    .number()
    .min(0)
    .default(0)
    .describe('DPOP penalty weight on max(0, ref − policy log-prob of the chosen response).'),
  nllWeight: z
    .number()
    .min(0)
    .default(0)
    .describe(
      'Weight of the NLL of the chosen response (RPO); what the ungated anchor, a control of FlipGuard, comes to.',
    ),
});

export const ktoSpec = z.strictObject({
  kind: z.literal('kto'),
  loss: z
    .enum(['kto', 'apo-zero'])
    .default('kto')
    .describe('KTO measures log-ratios from the KL of mismatched pairs; apo-zero from 0.'),
  beta: positive.default(0.1).describe('Strength of the implicit KL constraint.'),
  desirableWeight: positive.default(1).describe('Weight of the loss on completions with a thumb up.'),
  undesirableWeight: positive.default(1).describe('Weight of the loss on completions with a thumb down.'),
});
export const orpoSpec = z.strictObject({
  kind: z.literal('orpo'),
  beta: positive
    .default(0.1)
    .describe('Weight of the odds-ratio term next to the NLL of the chosen text (λ in the paper).'),
});
export const simpoSpec = z.strictObject({
  kind: z.literal('simpo'),
  beta: positive.default(2).describe('Scale of the length-normalised log-prob as a reward.'),
  gamma: z.number().min(0).default(0.5).describe('Reward margin by which the chosen response should lead.'),
  labelSmoothing: fraction.lt(0.5).default(0).describe('Probability that a preference is flipped.'),
  nllWeight: z.number().min(0).default(0).describe('Weight of the NLL of the chosen response (CPO-SimPO).'),
});
export const sftSpec = z.strictObject({
  kind: z.literal('sft'),
  completionOnly: z
    .boolean()
    .default(true)
    .describe(
      'Loss on the completion tokens only; of a conversation in “messages” that is the last reply. false: on every token, TRL’s default for conversations.',
    ),
});
export const rewardSpec = z.strictObject({
  kind: z.literal('reward'),
  centerWeight: z
    .number()
    .min(0)
    .default(0)
    .describe('Weight of (r_chosen + r_rejected)², TRL’s center_rewards_coefficient.'),
});
export const rewardSource = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('reward-model'),
    model: z.string().min(1).describe('A model with one output, or a reward run’s checkpoint, by name or id.'),
  }),
  z.strictObject({
    kind: z.literal('lexicon'),
    lexicon: z.literal('afinn').default('afinn').describe('Sum of the ratings of the response’s words.'),
  }),
  programSchema,
  z.strictObject({
    kind: z.literal('verifiable'),
    scorer: z
      .enum(['exact', 'contains', 'numeric'])
      .describe('How the response is held against the prompt’s target: 1 or 0.'),
  }),
]);
export const ppoSpec = z.strictObject({
  kind: z.literal('ppo'),
  reward: rewardSource.describe('Where the scalar reward of a sampled response comes from.'),
  epochs: count.default(4).describe('Optimisation epochs over each batch of rollouts.'),
  clipRange: positive.default(0.2).describe('How far the probability ratio may move from 1.'),
  valueClipRange: positive.default(0.2).describe('How far a value may move from the one at sampling.'),
  valueWeight: z.number().min(0).default(0.1).describe('Weight of the value loss next to the policy loss.'),
  gamma: fraction.default(1).describe('Discount from token to token.'),
  lambda: fraction.default(0.95).describe('GAE λ.'),
  kl: z
    .strictObject({
      weight: z.number().min(0).default(0.05).describe('Penalty on KL to the reference, per nat.'),
      adaptiveTarget: positive
        .nullable()
        .default(null)
        .describe('Target KL of the adaptive controller; null keeps the weight fixed.'),
      horizon: positive.default(10_000).describe('Samples over which the adaptive controller corrects.'),
    })
    .prefault({}),
  maxNewTokens: count.default(53).describe('Tokens a sampled response may have.'),
  temperature: positive.default(0.7).describe('Of sampling responses.'),
});

/** What every algorithm that trains on its own samples has. */
const sampling = {
  reward: rewardSource.describe('Where the scalar reward of a sampled response comes from.'),
  maxNewTokens: count.default(53).describe('Tokens a sampled response may have.'),
  temperature: positive.default(1).describe('Of sampling responses.'),
};
const atLeastTwo = z.number().int().min(2);
const klLimit = z
  .strictObject({
    nats: positive.describe('Highest mean KL of the step’s responses to the reference, in nats per response.'),
    action: z
      .enum(['stop', 'shrink'])
      .default('shrink')
      .describe('stop: a step above the limit makes no update. shrink: its gradients are scaled by limit / KL.'),
  })
  .nullable()
  .default(null)
  .describe('Against reward hacking: what happens when the policy has moved too far. null: nothing.');

export const onlineDpoSpec = z.strictObject({
  kind: z.literal('online-dpo'),
  ...sampling,
  loss: z.enum(dpoLossNames).default('sigmoid').describe('Preference loss on the best and the worst response.'),
  beta: positive.default(0.1).describe('Strength of the implicit KL constraint.'),
  samplesPerPrompt: atLeastTwo
    .default(2)
    .describe('Responses of the present policy to a prompt; the best and the worst by reward make a pair.'),
  klLimit,
});
export const rlooSpec = z.strictObject({
  kind: z.literal('rloo'),
  ...sampling,
  samplesPerPrompt: atLeastTwo
    .default(2)
    .describe('Responses to a prompt; each is held against the mean of the others.'),
  epochs: count.default(1).describe('Optimisation epochs over each batch of responses.'),
  clipRange: positive.default(0.2).describe('How far the probability ratio of a response may move from 1.'),
  klWeight: z.number().min(0).default(0.05).describe('KL penalty in the reward of a response, per nat.'),
  normalizeAdvantages: z.boolean().default(false).describe('Advantages of a step get mean 0 and deviation 1.'),
  klLimit,
});
export const grpoSpec = z.strictObject({
  kind: z.literal('grpo'),
  ...sampling,
  samplesPerPrompt: atLeastTwo
    .default(8)
    .describe('Responses to a prompt; each is held against the mean of all of them.'),
  loss: z
    .enum(['grpo', 'dapo', 'dr-grpo'])
    .default('dapo')
    .describe(
      'Mean over tokens: within each response, then over responses (grpo); over all tokens of the step (dapo); over maxNewTokens a response (dr-grpo).',
    ),
  scale: z
    .enum(['group', 'batch', 'none'])
    .default('group')
    .describe('Standard deviation that divides the advantages: of the prompt’s rewards, of the step’s, or none.'),
  epochs: count.default(1).describe('Optimisation epochs over each batch of responses.'),
  clipRange: positive.default(0.2).describe('How far the probability ratio of a token may move from 1.'),
  klWeight: z.number().min(0).default(0).describe('Weight of the KL to the reference in the loss, per token.'),
  klLimit,
});

export const algorithmSpec = z.discriminatedUnion('kind', [
  sftSpec,
  rewardSpec,
  dpoSpec,
  ktoSpec,
  orpoSpec,
  simpoSpec,
  ppoSpec,
  onlineDpoSpec,
  rlooSpec,
  grpoSpec,
]);

export type AlgorithmSpec = z.output<typeof algorithmSpec>;
export type DpoSpec = z.output<typeof dpoSpec>;
export type KtoSpec = z.output<typeof ktoSpec>;
export type OrpoSpec = z.output<typeof orpoSpec>;
export type SimpoSpec = z.output<typeof simpoSpec>;
export type PpoSpec = z.output<typeof ppoSpec>;
export type OnlineDpoSpec = z.output<typeof onlineDpoSpec>;
export type RlooSpec = z.output<typeof rlooSpec>;
export type GrpoSpec = z.output<typeof grpoSpec>;
/** Algorithms that train on samples of the present policy. */
export type OnPolicySpec = PpoSpec | OnlineDpoSpec | RlooSpec | GrpoSpec;

export const algorithmKinds = [
  'sft',
  'reward',
  'dpo',
  'kto',
  'orpo',
  'simpo',
  'ppo',
  'online-dpo',
  'rloo',
  'grpo',
] as const satisfies AlgorithmSpec['kind'][];
export type AlgorithmKind = AlgorithmSpec['kind'];

export const guardedAlgorithms = [
  'dpo',
  'ppo',
  'online-dpo',
  'rloo',
  'grpo',
] as const satisfies AlgorithmSpec['kind'][];

export function isOnPolicy(algorithm: AlgorithmSpec): algorithm is OnPolicySpec {
  return 'reward' in algorithm;
}

/** Responses to a row that a forward pass takes: both of a pair, all samples of a prompt. */
export function responsesPerRow(algorithm: AlgorithmSpec): number {
  switch (algorithm.kind) {
    case 'sft':
    case 'kto':
    case 'ppo':
      return 1;
    case 'reward':
    case 'dpo':
    case 'orpo':
    case 'simpo':
    case 'online-dpo':
      return 2;
    case 'rloo':
    case 'grpo':
      return algorithm.samplesPerPrompt;
    default:
      return assertNever(algorithm);
  }
}

/** β of implicit rewards where an algorithm has none of its own. */
export const usualBeta = 0.1;

/** β of the policy's implicit rewards against its reference; ORPO's and SimPO's β is of another kind. */
export function betaOf(algorithm: AlgorithmSpec): number {
  const { kind } = algorithm;
  return kind === 'dpo' || kind === 'kto' || kind === 'online-dpo' ? algorithm.beta : usualBeta;
}

/**
 * β of a guard's implicit rewards. An algorithm that maximises a reward less k times the KL makes π ∝ ref·e^(R/k): k is its β, and where there is none
 * no reward is implied.
 */
export function impliedBetaOf(algorithm: AlgorithmSpec): number {
  switch (algorithm.kind) {
    case 'rloo':
    case 'grpo':
      return algorithm.klWeight;
    case 'ppo':
      return algorithm.kl.weight;
    default:
      return betaOf(algorithm);
  }
}

/** A DPO run's losses with their weights. */
export function lossesOf({ loss }: Pick<DpoSpec, 'loss'>): readonly { kind: DpoLossName; weight: number }[] {
  return typeof loss === 'string' ? [{ kind: loss, weight: 1 }] : loss;
}
