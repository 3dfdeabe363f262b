import { open } from 'node:fs/promises';
import { metricColumn } from '../../imports/evaluations/own-evaluation.ts';
import type { EvaluationRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { SampleResult } from '../../shared/domain/evaluations.ts';
import { formatCount } from '../../shared/presentation/numbers.ts';
import { oneEvaluation } from '../comparing/named-evaluations.ts';
import type { Core } from '../core.ts';
import { throwIfCancelled } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';
import { listColumn, numberColumn, parquetFile, textColumn } from './parquet-file.ts';
import { wholeFile } from './whole-target.ts';
import type { Target } from './whole-target.ts';

export const sampleFormats = ['jsonl', 'parquet'] as const;
export type SampleFormat = (typeof sampleFormats)[number];

export interface EvaluationOut {
  path: string;
  format: SampleFormat;
  samples: number;
}

export interface EvaluationRequest extends Target {
  /** The evaluation, or whose: a run, RUN@STEP, a model. */
  name: string;
  suite?: string | undefined;
  format: SampleFormat;
}

/** Every sample of an evaluation with its verdict and all else that is known of it; an import reads it back as the same evaluation. */
export async function exportEvaluation(
  core: Core,
  { name, suite, format, out, overwrite }: EvaluationRequest,
  task: Task,
): Promise<EvaluationOut> {
  const evaluation = await oneEvaluation(core, name, suite);
  if (evaluation.samples === 0) {
    throw new WorkbenchError('bad-input', `“${evaluation.name}” has no samples: there is nothing to export.`, {
      remedy: 'A file without samples would be no evaluation for an import. Evaluate on a suite that gives samples.',
    });
  }
  const write = format === 'jsonl' ? writeLines : writeParquet;
  const samples = await wholeFile({ out, overwrite }, (draft) => write(core, evaluation, draft, task));
  return { path: out, format, samples };
}

async function writeLines(core: Core, evaluation: EvaluationRecord, file: string, task: Task): Promise<number> {
  const out = await open(file, 'wx');
  try {
    return await eachBatch(core, evaluation, task, async (samples) => {
      await out.writeFile(samples.map((sample) => `${JSON.stringify(lineOf(sample))}\n`).join(''));
    });
  } finally {
    await out.close();
  }
}

/** JSON has no infinite numbers; a metric that was not finite is null. */
function lineOf(sample: SampleResult): object {
  return {
    ...sample,
    score: figureOf(sample.score),
    ...(sample.attempts === undefined
      ? {}
      : { attempts: sample.attempts.map((one) => ({ ...one, score: figureOf(one.score) })) }),
  };
}

function figureOf(value: number | null): number | string | null {
  return value === null || Number.isFinite(value) ? value : String(value);
}

const rowGroup = 20_000;

async function writeParquet(core: Core, evaluation: EvaluationRecord, file: string, task: Task): Promise<number> {
  const json = (value: unknown) => (value === undefined ? null : JSON.stringify(value));
  const metrics = await core.store.evaluationMetrics(evaluation.id);
  const out = await parquetFile<SampleResult>(file, [
    textColumn('sampleId', (row) => row.sampleId),
    textColumn('prompt', (row) => row.prompt),
    textColumn('target', (row) => row.target ?? null),
    textColumn('output', (row) => row.output),
    numberColumn('score', (row) => row.score),
    textColumn('verdict', (row) => row.verdict),
    listColumn('slices', (row) => row.slices ?? []),
    listColumn('tags', (row) => row.tags ?? []),
    listColumn('resultTags', (row) => row.resultTags ?? []),
    textColumn('cluster', (row) => row.cluster ?? null),
    ...metrics.map((name) =>
      numberColumn<SampleResult>(`${metricColumn}${name}`, (row) => row.metrics?.[name] ?? null),
    ),
    textColumn('attempts', (row) => json(row.attempts === undefined ? undefined : attemptsOf(row))),
    textColumn('solved', (row) => json(row.solved)),
    textColumn('fields', (row) => json(row.fields)),
    textColumn('notFinite', (row) => json(notFiniteOf(row))),
  ]);
  let waiting: SampleResult[] = [];
  try {
    const samples = await eachBatch(core, evaluation, task, async (batch) => {
      waiting.push(...batch);
      if (waiting.length < rowGroup) return;
      await out.rows(waiting);
      waiting = [];
    });
    await out.rows(waiting);
    await out.end();
    return samples;
  } finally {
    await out.close();
  }
}

/** Figures that were not finite, by column: many readers of Parquet take them for cells without a value. */
function notFiniteOf({ score, metrics = {} }: SampleResult): Record<string, string> | undefined {
  const named = Object.entries(metrics).map(([name, value]): [string, number] => [`${metricColumn}${name}`, value]);
  const all: [string, number | null][] = [['score', score], ...named];
  const found = all.filter(([, value]) => value !== null && !Number.isFinite(value));
  return found.length === 0 ? undefined : Object.fromEntries(found.map(([name, value]) => [name, String(value)]));
}

function attemptsOf({ attempts = [] }: SampleResult): object[] {
  return attempts.map((one) => ({ ...one, score: figureOf(one.score) }));
}

async function eachBatch(
  core: Core,
  evaluation: EvaluationRecord,
  task: Task,
  write: (samples: SampleResult[]) => Promise<void>,
): Promise<number> {
  let written = 0;
  await core.store.streamSamples(evaluation.id, async (batch) => {
    throwIfCancelled(task);
    await write(batch);
    written += batch.length;
    task.progress(`${formatCount(written)} samples written`, Math.min(1, written / Math.max(1, evaluation.samples)));
  });
  return written;
}
