import { guardRowSequences, joinAll, tokenisePrompts, type PromptSample } from '../../engine/data/tokenise.ts';
import type { CompletionSequence } from '../../engine/losses/layout.ts';
import { ImplicitRewardGuard } from '../../engine/objectives/implicit-guard.ts';
import { PairGuard, type GuardTargets } from '../../engine/objectives/pair-guard.ts';
import { RewardGuard, type OnPolicyGuard, type RewardTargets } from '../../engine/objectives/reward-guard.ts';
import { createRandom } from '../../engine/random.ts';
import type { RewardFunction } from '../../engine/rollouts/rollouts.ts';
import type { CompletionRow, PreferenceRow, PromptRow } from '../../shared/domain/datasets.ts';
import { WorkbenchError, assertNever } from '../../shared/domain/errors.ts';
import { impliedBetaOf, type OnPolicySpec } from '../../shared/domain/algorithms.ts';
import { comparesDistributions } from '../../shared/domain/spec-defaults.ts';
import { readJsonLines } from '../../system/read-lines.ts';
import { guardSlices, tagsById } from './guard-slices.ts';
import { drawPreSamples, guardSetTargets, turnsThrough } from './guard-targets.ts';
import type { ObjectiveInputs } from './objective-inputs.ts';
import { liveReference } from './reference.ts';

type Prompted = PromptRow | PreferenceRow | CompletionRow;

/** The guard of a run that samples; null where the spec has none. */
export async function openRewardGuard(
  inputs: ObjectiveInputs,
  algorithm: OnPolicySpec,
  rows: readonly Prompted[],
  samples: readonly PromptSample[],
  reward: RewardFunction,
): Promise<OnPolicyGuard | null> {
  const { job, policy, context } = inputs;
  const spec = job.spec.guard;
  if (spec.kind === 'none' || spec.kind === 'flip-hinge') return null;
  if (spec.gate === 'margin' && !(spec.reward === 'implicit' && spec.target === 'guard-set')) {
    throw new WorkbenchError(
      'unsupported',
      `A guard with ${algorithm.kind} looks at one response, and a margin gate would need pairs.`,
      {
        remedy: 'Set guard.gate to sequence or per-token.',
        place: { field: 'guard.gate' },
      },
    );
  }
  if (spec.reward === 'implicit') {
    return new ImplicitRewardGuard(
      new PairGuard({
        spec,
        beta: impliedBetaOf(algorithm),
        model: policy,
        preModel: comparesDistributions(spec.divergence) ? await liveReference(inputs) : null,
        targets: await implicitTargets(inputs, algorithm, rows, samples),
        random: createRandom(job.spec.seed, 'gate'),
        ops: context.ops,
      }),
    );
  }
  return new RewardGuard({
    spec,
    draws: 'samplesPerPrompt' in algorithm ? algorithm.samplesPerPrompt : 1,
    model: policy,
    preModel: comparesDistributions(spec.divergence) ? await liveReference(inputs) : null,
    targets: await rewardTargets(inputs, algorithm, rows, samples, reward),
    random: createRandom(job.spec.seed, 'gate'),
    ops: context.ops,
  });
}

async function rewardTargets(
  inputs: ObjectiveInputs,
  algorithm: OnPolicySpec,
  rows: readonly Prompted[],
  samples: readonly PromptSample[],
  reward: RewardFunction,
): Promise<RewardTargets> {
  const targets = await openTargets(inputs, algorithm, rows, samples, reward);
  if (!targets.ownPrompts) return targets;
  return { ...targets, ...guardSlices(inputs, targets.sampleIds, tagsById(rows)) };
}

async function openTargets(
  inputs: ObjectiveInputs,
  algorithm: OnPolicySpec,
  rows: readonly Prompted[],
  samples: readonly PromptSample[],
  reward: RewardFunction,
): Promise<RewardTargets> {
  const { guard } = inputs.job.spec;
  switch (guard.target) {
    case 'chosen':
      return chosenTargets(inputs, rows, samples, reward);
    case 'pre-sample':
      return preSampled(inputs, algorithm, samples, reward);
    case 'guard-set':
      return guardSet(inputs, reward);
    default:
      return assertNever(guard.target);
  }
}

/** The same responses with their log-probs before training, where nobody asks for a reward. */
async function implicitTargets(
  inputs: ObjectiveInputs,
  algorithm: OnPolicySpec,
  rows: readonly Prompted[],
  samples: readonly PromptSample[],
): Promise<GuardTargets> {
  const { target } = inputs.job.spec.guard;
  if (target === 'guard-set') return guardSetTargets(inputs, guardRowsOf(inputs));
  const responses =
    target === 'chosen' ? writtenResponses(inputs, rows, samples) : await preSamples(inputs, algorithm, samples);
  const sequences = cutToModel(inputs, samples, responses);
  return {
    sampleIds: samples.map(({ id }) => id),
    sequences,
    pre: await inputs.reference.scores(sequences, 'log-probs of the guarded responses'),
    ...guardSlices(
      inputs,
      samples.map(({ id }) => id),
      tagsById(rows),
    ),
    select: (indices) => [...indices],
  };
}

/** Responses that the rows bring along. */
async function chosenTargets(
  inputs: ObjectiveInputs,
  rows: readonly Prompted[],
  samples: readonly PromptSample[],
  reward: RewardFunction,
): Promise<RewardTargets> {
  return scored(inputs, samples, writtenResponses(inputs, rows, samples), reward, true);
}

function writtenResponses(
  inputs: ObjectiveInputs,
  rows: readonly Prompted[],
  samples: readonly PromptSample[],
): CompletionSequence[] {
  const byId = new Map(rows.map((row) => [row.id, row]));
  return samples.map(({ id }) => writtenResponse(inputs, byId.get(id)));
}

function writtenResponse({ tokenizer }: ObjectiveInputs, row: Prompted | undefined): CompletionSequence {
  if (row === undefined || row.kind === 'prompt') {
    throw new WorkbenchError('bad-input', `the prompt ${row?.id ?? ''} has no response to guard`, {
      remedy: 'Use a dataset of pairs, or set guard.target to pre-sample.',
      place: { field: 'guard.target' },
    });
  }
  const [sequence] = joinAll(tokenizer, row.prompt, [row.kind === 'preference' ? row.chosen : row.completion]);
  return sequence as CompletionSequence;
}

/** y ~ π_pre at the run's own temperature and length. */
async function preSampled(
  inputs: ObjectiveInputs,
  algorithm: OnPolicySpec,
  samples: readonly PromptSample[],
  reward: RewardFunction,
): Promise<RewardTargets> {
  return scored(inputs, samples, await preSamples(inputs, algorithm, samples), reward, true);
}

function preSamples(
  inputs: ObjectiveInputs,
  { temperature, maxNewTokens }: OnPolicySpec,
  samples: readonly PromptSample[],
): Promise<CompletionSequence[]> {
  const prompts = samples.map(({ ids }) => ids);
  return drawPreSamples(inputs, prompts, { temperature, maxNewTokens, seed: inputs.job.spec.seed });
}

async function guardSet(inputs: ObjectiveInputs, reward: RewardFunction): Promise<RewardTargets> {
  const { job, tokenizer, policy } = inputs;
  const rows = (await readJsonLines<PreferenceRow>(guardRowsOf(inputs))).filter(({ kind }) => kind === 'preference');
  const { samples } = tokenisePrompts(rows, tokenizer, Math.min(job.spec.batch.maxLength, policy.config.maxPositions));
  const byId = new Map(rows.map((row) => [row.id, row]));
  const targets = samples.map(({ id }) => {
    const row = byId.get(id) as PreferenceRow;
    return guardRowSequences(tokenizer, row, policy.config.maxPositions)[2];
  });
  const own = await scored(inputs, samples, targets, reward, false);
  const sliced = guardSlices(inputs, own.sampleIds, tagsById(rows));
  return { ...own, ...sliced, ...turnsThrough(targets, job.spec.seed) };
}

function guardRowsOf({ job }: ObjectiveInputs): string {
  if (job.guardRowsPath !== undefined) return job.guardRowsPath;
  throw new WorkbenchError('bad-input', 'the guard set’s rows were not handed to the trainer', {
    place: { field: 'guard.guardSet' },
  });
}

/** Responses cut at what the model can hold. */
function cutToModel(
  { job, policy }: ObjectiveInputs,
  prompts: readonly PromptSample[],
  responses: readonly CompletionSequence[],
): CompletionSequence[] {
  const longest = Math.min(
    policy.config.maxPositions,
    Math.max(job.spec.batch.maxLength, ...prompts.map(({ ids }) => ids.length + 1)),
  );
  return responses.map(({ ids, from }) => ({ ids: ids.slice(0, longest), from }));
}

/** Targets with R(x, y_c). */
async function scored(
  inputs: ObjectiveInputs,
  prompts: readonly PromptSample[],
  responses: readonly CompletionSequence[],
  reward: RewardFunction,
  ownPrompts: boolean,
): Promise<RewardTargets> {
  const { tokenizer } = inputs;
  const sequences = cutToModel(inputs, prompts, responses);
  const texts = sequences.map(({ ids, from }) => tokenizer.decode([...ids.subarray(from)]));
  return {
    sampleIds: prompts.map(({ id }) => id),
    prompts,
    sequences,
    rewards: await reward(prompts, texts),
    ownPrompts,
    select: (indices) => [...indices],
  };
}
