import {
  type PreferenceSample,
  tokeniseCompletions,
  tokenisePreferences,
  tokeniseRewardPairs,
} from '../../engine/data/tokenise.ts';
import type { CompletionSequence } from '../../engine/losses/layout.ts';
import { DpoObjective } from '../../engine/objectives/dpo.ts';
import type { Objective } from '../../engine/objectives/objective.ts';
import { RewardObjective } from '../../engine/objectives/reward.ts';
import { SftObjective } from '../../engine/objectives/sft.ts';
import type { CompletionRow, DatasetRow, PreferenceRow } from '../../shared/domain/datasets.ts';
import { assertNever } from '../../shared/domain/errors.ts';
import type { DpoSpec } from '../../shared/domain/algorithms.ts';
import { openPairGuard } from './guards.ts';
import { checkpointingFor } from './memory.ts';
import { dropoutSeeds, isPreference, keep, type ObjectiveInputs } from './objective-inputs.ts';
import { openPpo } from './ppo.ts';

/** Tokenises the run's rows and builds its algorithm. */
export async function openObjective(inputs: ObjectiveInputs, rows: DatasetRow[]): Promise<Objective> {
  const { algorithm } = inputs.job.spec;
  switch (algorithm.kind) {
    case 'sft':
      return openSft(inputs, rows, algorithm.completionOnly);
    case 'reward':
      return openReward(inputs, rows, algorithm.centerWeight);
    case 'dpo':
      return openDpo(inputs, rows, algorithm);
    case 'ppo':
      return openPpo(inputs, rows, algorithm);
    default:
      return assertNever(algorithm);
  }
}

async function openSft(inputs: ObjectiveInputs, rows: DatasetRow[], completionOnly: boolean): Promise<Objective> {
  const { context, policy, tokenizer, job } = inputs;
  const wanted = rows.filter(
    (row): row is CompletionRow | PreferenceRow => row.kind === 'completion' || row.kind === 'preference',
  );
  const { maxLength } = job.spec.batch;
  const samples = await keep(
    inputs,
    rows,
    wanted,
    tokeniseCompletions(wanted, tokenizer, { maxLength, completionOnly }),
  );
  const checkpointing = checkpoints(
    inputs,
    samples.map(({ sequence }) => sequence),
  );
  return new SftObjective({ model: policy, samples, ops: context.ops, dropoutSeed: dropoutSeeds(job), checkpointing });
}

async function openReward(inputs: ObjectiveInputs, rows: DatasetRow[], centerWeight: number): Promise<Objective> {
  const { context, policy, tokenizer, job } = inputs;
  const pairs = rows.filter(isPreference);
  const tokenised = tokeniseRewardPairs(pairs, tokenizer, job.spec.batch.maxLength);
  const samples = await keep(inputs, rows, pairs, tokenised);
  return new RewardObjective({
    model: policy,
    samples,
    centerWeight,
    ops: context.ops,
    dropoutSeed: dropoutSeeds(job),
    checkpointing: checkpoints(inputs, samples.flatMap(bothOf)),
  });
}

async function openDpo(inputs: ObjectiveInputs, rows: DatasetRow[], spec: DpoSpec): Promise<Objective> {
  const { context, policy, job, reference } = inputs;
  const pairs = rows.filter(isPreference);
  const tokenised = tokenisePreferences(pairs, inputs.tokenizer, job.spec.batch.maxLength);
  const samples = await keep(inputs, rows, pairs, tokenised);
  const both = [...samples.map(({ chosen }) => chosen), ...samples.map(({ rejected }) => rejected)];
  const scores = await reference.scores(both, 'reference log-probs');
  const logProbs = { chosen: scores.slice(0, samples.length), rejected: scores.slice(samples.length) };
  const guard = await openPairGuard(inputs, spec.beta, samples, logProbs.chosen);
  const dropoutSeed = dropoutSeeds(job);
  const checkpointing = checkpoints(inputs, both);
  const { ops } = context;
  return new DpoObjective({
    model: policy,
    samples,
    reference: logProbs,
    spec,
    guard,
    ops,
    dropoutSeed,
    checkpointing,
  });
}

/** Whether blocks are computed again on the way back, given the longest of the sequences. */
function checkpoints({ job, policy, context }: ObjectiveInputs, sequences: readonly CompletionSequence[]): boolean {
  const longest = sequences.reduce((most, { ids }) => Math.max(most, ids.length), 0);
  return checkpointingFor(job.spec, policy, longest, context);
}

function bothOf({ chosen, rejected }: PreferenceSample): CompletionSequence[] {
  return [chosen, rejected];
}
