import { tokeniseCompletions, tokenisePreferences, tokeniseRewardPairs } from '../../engine/data/tokenise.ts';
import type { PreferenceSample, TokenisedRows } from '../../engine/data/tokenise.ts';
import type { CausalLm } from '../../engine/models/causal-lm.ts';
import { DpoObjective } from '../../engine/objectives/dpo.ts';
import type { DropoutSeed, Objective } from '../../engine/objectives/objective.ts';
import type { PairGuard } from '../../engine/objectives/pair-guard.ts';
import { RewardObjective } from '../../engine/objectives/reward.ts';
import { SftObjective } from '../../engine/objectives/sft.ts';
import { createRandom, randomInteger } from '../../engine/random.ts';
import type { Tokenizer } from '../../engine/tokenizer/tokenizer.ts';
import type { CompletionRow, DatasetRow, PreferenceRow } from '../../shared/domain/datasets.ts';
import { WorkbenchError, assertNever } from '../../shared/domain/errors.ts';
import type { TrainJob } from '../../shared/domain/jobs.ts';
import type { DpoSpec } from '../../shared/domain/run-spec.ts';
import type { JobContext } from '../job-context.ts';
import { openPairGuard } from './guards.ts';
import type { Reference } from './reference.ts';

/** What an objective is built from. */
export interface ObjectiveInputs {
  job: TrainJob;
  context: JobContext;
  policy: CausalLm;
  tokenizer: Tokenizer;
  reference: Reference;
}

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
      throw new WorkbenchError('unsupported', 'ppo is not available yet.');
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
  return new SftObjective({ model: policy, samples, ops: context.ops, dropoutSeed: dropoutSeeds(job) });
}

async function openReward(inputs: ObjectiveInputs, rows: DatasetRow[], centerWeight: number): Promise<Objective> {
  const pairs = rows.filter(isPreference);
  const tokenised = tokeniseRewardPairs(pairs, inputs.tokenizer, inputs.job.spec.batch.maxLength);
  const samples = await keep(inputs, rows, pairs, tokenised);
  return new RewardObjective({ model: inputs.policy, samples, centerWeight });
}

async function openDpo(inputs: ObjectiveInputs, rows: DatasetRow[], spec: DpoSpec): Promise<Objective> {
  const { context, policy, job, reference } = inputs;
  const pairs = rows.filter(isPreference);
  const tokenised = tokenisePreferences(pairs, inputs.tokenizer, job.spec.batch.maxLength);
  const samples = await keep(inputs, rows, pairs, tokenised);
  const both = [...samples.map(({ chosen }) => chosen), ...samples.map(({ rejected }) => rejected)];
  const scores = await reference.scores(both, 'reference log-probs');
  const logProbs = { chosen: scores.slice(0, samples.length), rejected: scores.slice(samples.length) };
  const guard: PairGuard | null = await openPairGuard(inputs, spec.beta, samples, logProbs.chosen);
  const dropoutSeed = dropoutSeeds(job);
  return new DpoObjective({ model: policy, samples, reference: logProbs, spec, guard, ops: context.ops, dropoutSeed });
}

function isPreference(row: DatasetRow): row is PreferenceRow {
  return row.kind === 'preference';
}

/** Says what does not take part, and refuses a run that has nothing left. */
async function keep<Sample extends PreferenceSample | { id: string }>(
  { context, job }: ObjectiveInputs,
  rows: readonly DatasetRow[],
  fitting: readonly DatasetRow[],
  { samples, dropped }: TokenisedRows<Sample>,
): Promise<Sample[]> {
  const { kind } = job.spec.algorithm;
  if (fitting.length < rows.length) {
    const message = `${rows.length - fitting.length} of ${rows.length} rows are not of the kind that ${kind} trains on and take no part.`;
    await context.emit({ type: 'log', level: 'warning', message });
  }
  if (dropped.length > 0) {
    const message = `${dropped.length} of ${fitting.length} rows are too long for batch.maxLength ${job.spec.batch.maxLength} and take no part, ${dropped[0] ?? ''} among them.`;
    await context.emit({ type: 'log', level: 'warning', message });
  }
  if (samples.length > 0) return samples;
  throw new WorkbenchError(
    'bad-input',
    `The dataset ${job.spec.dataset.train} holds no row that ${kind} can train on.`,
    {
      remedy: 'Choose a dataset of the right kind, or raise batch.maxLength.',
      place: { field: 'dataset.train' },
    },
  );
}

/** Absent without dropout. */
function dropoutSeeds({ spec }: TrainJob): DropoutSeed | undefined {
  if (spec.tuning.kind !== 'lora' || spec.tuning.dropout === 0) return undefined;
  return (step, firstSample) => randomInteger(createRandom(spec.seed, `dropout ${step}/${firstSample}`), 2 ** 30);
}
