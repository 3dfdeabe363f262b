import type { TokenisedRows } from '../../engine/data/tokenise.ts';
import type { CausalLm } from '../../engine/models/causal-lm.ts';
import type { DropoutSeed } from '../../engine/objectives/objective.ts';
import { createRandom, randomInteger } from '../../engine/random.ts';
import type { Tokenizer } from '../../engine/tokenizer/tokenizer.ts';
import type { DatasetRow, PreferenceRow } from '../../shared/domain/datasets.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { TrainJob } from '../../shared/domain/jobs.ts';
import { trainLabel } from '../../shared/domain/train-sources.ts';
import type { JobContext } from '../job-context.ts';
import type { Reference } from './reference.ts';

/** What an objective is built from. */
export interface ObjectiveInputs {
  job: TrainJob;
  context: JobContext;
  policy: CausalLm;
  tokenizer: Tokenizer;
  reference: Reference;
}

export function isPreference(row: DatasetRow): row is PreferenceRow {
  return row.kind === 'preference';
}

/** Says what does not take part, and refuses a run that has nothing left. */
export async function keep<Sample>(
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
  throw new WorkbenchError('bad-input', `The dataset ${trainLabel(job.spec)} holds no row that ${kind} can train on.`, {
    remedy: 'Choose a dataset of the right kind, or raise batch.maxLength.',
    place: { field: 'dataset.train' },
  });
}

/** Absent without dropout. */
export function dropoutSeeds({ spec }: TrainJob): DropoutSeed | undefined {
  if (spec.tuning.kind !== 'lora' || spec.tuning.dropout === 0) return undefined;
  return (step, firstSample) => randomInteger(createRandom(spec.seed, `dropout ${step}/${firstSample}`), 2 ** 30);
}
