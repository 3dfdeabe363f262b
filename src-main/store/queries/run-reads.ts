import type { MetricSeries } from '../../shared/domain/entities.ts';
import type { TrainerEvent, TrainerEventBody } from '../../shared/domain/trainer-events.ts';
import type { SampleTables, StepMetrics } from '../../shared/domain/metrics.ts';
import { isStepMetric, sampleMetricNames, sampleTableNames } from '../../shared/domain/metrics.ts';
import type { TrainingTrace } from '../../shared/domain/flip-view.ts';
import { advanced, stoppedClock } from '../../shared/domain/run-clock.ts';
import type { RunClock } from '../../shared/domain/run-clock.ts';
import type { ReadableDb } from '../database.ts';
import { all, one, prepare, sql } from '../database.ts';
import { decodeMetrics, decodeSampleBlocks, float64sOf } from '../codec.ts';
import { firstKey, memberOf, packKey } from '../keys.ts';
import { emptyContent, emptyPrompt } from '../texts.ts';
import { downsample } from './downsample.ts';
import { metricNamesOf } from './run-steps.ts';
import { runKey } from './runs.ts';

export interface MetricsOptions {
  names?: string[];
  fromStep?: number;
  toStep?: number;
  points: number;
}

/** A run's curves, each cut down to about `points` points; the extremes of every stretch are kept. */
export function runMetrics(db: ReadableDb, runId: string, options: MetricsOptions): MetricSeries[] {
  const key = runKey(db, runId);
  const names = metricNamesOf(db, key).metrics;
  const wanted = names
    .map((name, index) => ({ name, index }))
    .filter(({ name }) => options.names === undefined || options.names.includes(name));
  const rows = prepare(
    db,
    'SELECT step, metrics FROM run_steps WHERE step_key >= ? AND step_key < ? AND step BETWEEN ? AND ? AND metrics IS NOT NULL ORDER BY step_key',
    'array',
  ).all(firstKey(key), firstKey(key + 1), options.fromStep ?? 0, options.toStep ?? 2 ** 31) as [number, Uint8Array][];
  const series = wanted.map(({ name }) => ({ name, steps: [] as number[], values: [] as number[] }));
  for (const [step, blob] of rows) {
    const metrics = float64sOf(blob);
    wanted.forEach(({ index }, i) => {
      const value = metrics[index];
      if (value === undefined || Number.isNaN(value)) return;
      series[i]?.steps.push(step);
      series[i]?.values.push(value);
    });
  }
  return series.map(({ name, steps, values }) => ({ name, ...downsample(steps, values, options.points) }));
}

interface StepRow {
  step_key: number;
  at: number;
  step: number;
  epoch: number;
  metrics: Uint8Array | null;
  samples: Uint8Array | null;
}

/** Events after `afterSeq` in order: what a window follows a run by. */
export function runEvents(db: ReadableDb, runId: string, afterSeq: number, limit: number): TrainerEvent[] {
  const key = runKey(db, runId);
  const from = packKey(key, afterSeq + 1);
  const to = firstKey(key + 1);
  const others = all<{ event_key: number; at: number; body: string }>(
    db,
    sql`SELECT event_key, at, body FROM run_events WHERE event_key >= ${from} AND event_key < ${to} ORDER BY event_key LIMIT ${limit}`,
  ).map((row): TrainerEvent => ({
    ...(JSON.parse(row.body) as TrainerEventBody),
    seq: memberOf(row.event_key),
    at: row.at,
  }));
  const steps = all<StepRow>(
    db,
    sql`SELECT s.*, x.samples FROM run_steps s LEFT JOIN run_step_samples x USING (step_key)
        WHERE s.step_key >= ${from} AND s.step_key < ${to} ORDER BY s.step_key LIMIT ${limit}`,
  );
  return [...others, ...stepEvents(db, key, steps)].sort((a, b) => a.seq - b.seq).slice(0, limit);
}

/** How long a run has worked so far, from the few of its events that matter for it. */
export function runClock(db: ReadableDb, runId: string): RunClock {
  const key = runKey(db, runId);
  const [from, to] = [firstKey(key), firstKey(key + 1)];
  const told = all<{ event_key: number; at: number; type: TrainerEventBody['type'] }>(
    db,
    sql`SELECT event_key, at, json_extract(body, '$.type') AS type FROM run_events WHERE event_key >= ${from} AND event_key < ${to} ORDER BY event_key`,
  );
  const started = told.findLast(({ type }) => type === 'started')?.event_key ?? from;
  const steps = all<{ event_key: number; at: number; step: number }>(
    db,
    sql`SELECT step_key AS event_key, at, step FROM run_steps
        WHERE step_key IN ((SELECT min(step_key) FROM run_steps WHERE step_key > ${started} AND step_key < ${to}),
                           (SELECT max(step_key) FROM run_steps WHERE step_key > ${started} AND step_key < ${to}))`,
  ).map((row) => ({ ...row, type: 'step' as const }));
  return [...told, ...steps].sort((a, b) => a.event_key - b.event_key).reduce(advanced, stoppedClock);
}

function stepEvents(db: ReadableDb, key: number, rows: StepRow[]): TrainerEvent[] {
  const names = metricNamesOf(db, key);
  const rowId = prepare(db, 'SELECT row_id FROM trained_samples WHERE trained_key = ?', 'value');
  return rows.map((row) => {
    const blocks = row.samples === null ? [] : decodeSampleBlocks(row.samples);
    const [metrics, others] = apart(decodeMetrics(row.metrics, names.metrics), isStepMetric);
    // The contents of these columns were checked when the step came in.
    return {
      type: 'step',
      seq: memberOf(row.step_key),
      at: row.at,
      step: row.step,
      epoch: row.epoch,
      metrics: metrics as StepMetrics,
      ...(others === null ? {} : { others }),
      tables: Object.fromEntries(
        blocks.flatMap(({ keys, metrics }, i) => {
          if (keys.length === 0) return [];
          const table = sampleTableNames[i];
          if (table === undefined) return [];
          const columns = metrics.map(([index, values]): [string, number[]] => [names.samples[index] ?? '', values]);
          const sampleIds = keys.map((trained) => rowId.get(trained) as string);
          const registered = new Set<string>(sampleMetricNames(table));
          const [own, foreign] = apart(Object.fromEntries(columns), (name) => registered.has(name));
          return [[table, { sampleIds, metrics: own, ...(foreign === null ? {} : { others: foreign }) }]];
        }),
      ) as SampleTables,
    };
  });
}

/** Registered metrics, and those of another trainer; null if there are none of the latter. */
function apart<T>(
  all: Readonly<Record<string, T>>,
  isRegistered: (name: string) => boolean,
): [Record<string, T>, Record<string, T> | null] {
  const [own, foreign] = [true, false].map((wanted) =>
    Object.entries(all).filter(([name]) => isRegistered(name) === wanted),
  );
  return [Object.fromEntries(own ?? []), (foreign ?? []).length === 0 ? null : Object.fromEntries(foreign ?? [])];
}

interface TrainedRow {
  trained_key: number;
  run_key: number;
  run_id: string;
  steps: Uint8Array;
}

/**
 * The steps of every run that used this sample, newest run first: by content (prompt and target), and in runs that never saw
 * the content, by prompt.
 */
export function trainingTrace(db: ReadableDb, sampleKey: number): TrainingTrace[] {
  const hashes = one<{ content: Buffer; prompt: Buffer }>(
    db,
    sql`SELECT content_hash AS content, prompt_hash AS prompt FROM samples WHERE sample_key = ${sampleKey}`,
  );
  if (hashes === undefined || hashes.content.equals(emptyContent)) return [];
  const byContent = all<TrainedRow>(
    db,
    sql`SELECT t.trained_key, t.run_key, r.id AS run_id, t.steps FROM trained_samples t JOIN runs r USING (run_key)
        WHERE t.content_hash = ${hashes.content} ORDER BY t.run_key DESC`,
  );
  const seen = new Set(byContent.map((row) => row.run_key));
  const byPrompt = hashes.prompt.equals(emptyPrompt)
    ? []
    : all<TrainedRow>(
        db,
        sql`SELECT t.trained_key, t.run_key, r.id AS run_id, t.steps FROM trained_samples t JOIN runs r USING (run_key)
            WHERE t.prompt_hash = ${hashes.prompt} ORDER BY t.run_key DESC`,
      ).filter((row) => !seen.has(row.run_key));
  const byRun = Map.groupBy([...byContent, ...byPrompt], (row) => row.run_id);
  return [...byRun].map(([runId, rows]) => ({
    runId,
    steps: rows.flatMap((row) => stepsOf(db, row)).sort((a, b) => a.step - b.step),
  }));
}

function stepsOf(db: ReadableDb, row: TrainedRow): TrainingTrace['steps'] {
  const names = metricNamesOf(db, row.run_key).samples;
  const seqs = new Uint32Array(new Uint8Array(row.steps).buffer);
  return Array.from(seqs).flatMap((seq) => {
    const step = one<{ step: number; samples: Uint8Array }>(
      db,
      sql`SELECT s.step, x.samples FROM run_steps s JOIN run_step_samples x USING (step_key)
          WHERE s.step_key = ${packKey(row.run_key, seq)}`,
    );
    if (step === undefined) return [];
    const values = decodeSampleBlocks(step.samples).flatMap(({ keys, metrics }) => {
      const at = keys.indexOf(row.trained_key);
      return at < 0 ? [] : metrics.map(([index, column]): [string, number] => [names[index] ?? '', column[at] ?? NaN]);
    });
    return [{ step: step.step, metrics: Object.fromEntries(values) }];
  });
}

export const runHistoryReads = { runMetrics, runEvents, runClock, trainingTrace };
