import type { ReadableDb } from '../database.ts';
import { all, prepare, sql } from '../database.ts';
import { decodeMetrics, float64sOf } from '../codec.ts';
import { firstKey, memberOf, packKey } from '../keys.ts';
import { metricNamesOf } from './run-steps.ts';
import { runKey } from './runs.ts';

/** One report of a step, without its samples. A trainer may report one step twice. */
export interface CurveRow {
  seq: number;
  /** ms since epoch */
  at: number;
  step: number;
  epoch: number;
  /** By name; NaN if the trainer’s figure was not finite. */
  figures: Record<string, number>;
}

/** What a run reported after `afterSeq`, at most `limit` reports: every figure, nothing thinned out. */
export function curveRows(db: ReadableDb, runId: string, afterSeq: number, limit: number): CurveRow[] {
  const key = runKey(db, runId);
  const names = metricNamesOf(db, key).metrics;
  return all<{ step_key: number; at: number; step: number; epoch: number; metrics: Uint8Array }>(
    db,
    sql`SELECT step_key, at, step, epoch, metrics FROM run_steps
        WHERE step_key >= ${packKey(key, afterSeq + 1)} AND step_key < ${firstKey(key + 1)} AND metrics IS NOT NULL
        ORDER BY step_key LIMIT ${limit}`,
  ).map(({ step_key, metrics, ...rest }) => ({
    ...rest,
    seq: memberOf(step_key),
    figures: decodeMetrics(metrics, names),
  }));
}

/** The newest figure of a curve, searched from its end; null if the run has none of this name. */
export function newestFigure(db: ReadableDb, runId: string, name: string): { step: number; value: number } | null {
  const key = runKey(db, runId);
  const place = metricNamesOf(db, key).metrics.indexOf(name);
  if (place < 0) return null;
  const rows = prepare(
    db,
    'SELECT step, metrics FROM run_steps WHERE step_key >= ? AND step_key < ? AND metrics IS NOT NULL ORDER BY step_key DESC',
    'array',
  ).iterate(firstKey(key), firstKey(key + 1)) as Iterable<[number, Uint8Array]>;
  for (const [step, blob] of rows) {
    const value = float64sOf(blob)[place];
    if (value !== undefined && !Number.isNaN(value)) return { step, value };
  }
  return null;
}

/** Names of a run’s curves, in the order they first appeared. */
export function curveNames(db: ReadableDb, runId: string): string[] {
  return metricNamesOf(db, runKey(db, runId)).metrics;
}

export const runCurveReads = { curveRows, newestFigure, curveNames };
