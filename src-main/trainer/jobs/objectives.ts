import {
  type PreferenceSample,
  tokeniseCompletions,
  tokenisePreferences,
  tokeniseRewardPairs,
} from '../../engine/data/tokenise.ts';
import { tokeniseLabelled } from '../../engine/data/labelled.ts';
import type { CompletionSequence } from '../../engine/losses/layout.ts';
import { DpoObjective } from '../../engine/objectives/dpo.ts';
import { KtoObjective } from '../../engine/objectives/kto.ts';
import type { Objective } from '../../engine/objectives/objective.ts';
import { ReferenceFreeObjective } from '../../engine/objectives/reference-free.ts';
import { RewardObjective } from '../../engine/objectives/reward.ts';
import { SftObjective } from '../../engine/objectives/sft.ts';
import type { CompletionRow, DatasetRow, PreferenceRow } from '../../shared/domain/datasets.ts';
import { WorkbenchError, assertNever } from '../../shared/domain/errors.ts';
import type { DpoSpec, KtoSpec, OrpoSpec, SimpoSpec } from '../../shared/domain/algorithms.ts';
import { underFlipHinge } from './flip-hinges.ts';
import { openPairGuard } from './guards.ts';
import { checkpointingFor } from './memory.ts';
import { dropoutSeeds, isPreference, keep, type ObjectiveInputs } from './objective-inputs.ts';
import { openOnPolicy } from './on-policy.ts';

/** Tokenises the run's rows and builds its algorithm, under a flip hinge where the spec has one. */
export async function openObjective(inputs: ObjectiveInputs, rows: DatasetRow[]): Promise<Objective> {
  return underFlipHinge(inputs, await openAlignment(inputs, rows));
}

async function openAlignment(inputs: ObjectiveInputs, rows: DatasetRow[]): Promise<Objective> {
  const { algorithm } = inputs.job.spec;
  switch (algorithm.kind) {
    case 'sft':
      return openSft(inputs, rows, algorithm.completionOnly);
    case 'reward':
      return openReward(inputs, rows, algorithm.centerWeight);
    case 'dpo':
      return openDpo(inputs, rows, algorithm);
    case 'kto':
      return openKto(inputs, rows, algorithm);
    case 'orpo':
    case 'simpo':
      return openReferenceFree(inputs, rows, algorithm);
    case 'ppo':
    case 'online-dpo':
    case 'rloo':
    case 'grpo':
      return openOnPolicy(inputs, rows, algorithm);
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
  const guard = await openPairGuard(inputs, spec.beta, pairs, samples, logProbs.chosen);
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

async function openKto(inputs: ObjectiveInputs, rows: DatasetRow[], spec: KtoSpec): Promise<Objective> {
  const { context, policy, job, reference, tokenizer } = inputs;
  const wanted = rows.filter((row) => row.kind === 'unpaired' || row.kind === 'preference');
  const { maxLength, size } = job.spec.batch;
  if (spec.loss === 'kto' && size < 2) {
    throw new WorkbenchError(
      'bad-input',
      'KTO measures its KL on completions of other prompts, so it needs two in a batch.',
      {
        remedy: 'Set batch.size to 2 or more, or algorithm.loss to apo-zero.',
        place: { field: 'batch.size' },
      },
    );
  }
  const samples = await keep(inputs, rows, wanted, tokeniseLabelled(wanted, tokenizer, { maxLength, groupSize: size }));
  const sequences = samples.map(({ sequence }) => sequence);
  const mismatched = spec.loss === 'kto' ? samples.map((sample) => sample.mismatched) : [];
  const scores = await reference.scores([...sequences, ...mismatched], 'reference log-probs');
  return new KtoObjective({
    model: policy,
    samples,
    reference: { completions: scores.slice(0, samples.length), mismatched: scores.slice(samples.length) },
    spec,
    ops: context.ops,
    dropoutSeed: dropoutSeeds(job),
    checkpointing: checkpoints(inputs, sequences),
  });
}

async function openReferenceFree(
  inputs: ObjectiveInputs,
  rows: DatasetRow[],
  spec: OrpoSpec | SimpoSpec,
): Promise<Objective> {
  const { context, policy, job, tokenizer } = inputs;
  const pairs = rows.filter(isPreference);
  const samples = await keep(inputs, rows, pairs, tokenisePreferences(pairs, tokenizer, job.spec.batch.maxLength));
  return new ReferenceFreeObjective({
    model: policy,
    samples,
    spec,
    ops: context.ops,
    dropoutSeed: dropoutSeeds(job),
    checkpointing: checkpoints(inputs, samples.flatMap(bothOf)),
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
