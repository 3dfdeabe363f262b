import type { RunSource } from '../../shared/domain/entities.ts';
import type { SampleMetricName } from '../../shared/domain/metrics.ts';
import { sampleTableNames } from '../../shared/domain/metrics.ts';
import type { RunSpec } from '../../shared/domain/run-spec.ts';
import { isMixture, sourceOfRow, trainSources } from '../../shared/domain/train-sources.ts';
import { decodeSampleBlocks } from '../codec.ts';
import type { ReadableDb } from '../database.ts';
import { all, each, sql } from '../database.ts';
import { firstKey } from '../keys.ts';
import { downsample } from './downsample.ts';
import { metricNamesOf } from './run-steps.ts';
import { getRun, runKey } from './runs.ts';

/** Metrics per sample that have a curve per source. */
const followed = ['loss', 'rewards/margins', 'logps'] as const satisfies readonly SampleMetricName[];

/**
 * What a run saw of each dataset of its mixture, and how each fared: mean loss and reward margin of its samples in each step that had
 * some. Empty if the run trains on one dataset.
 */
export function runSources(db: ReadableDb, runId: string, points: number): RunSource[] {
  const run = getRun(db, runId);
  if (run === null || !isMixture(run.spec)) return [];
  const key = runKey(db, runId);
  const trained = all<{ trained_key: number; row_id: string; uses: number }>(
    db,
    sql`SELECT trained_key, row_id, uses FROM trained_samples WHERE run_key = ${key}`,
  );
  const sourceOf = new Map<number, string>();
  const seen = new Map<string, { rows: number; uses: number }>();
  for (const { trained_key: sample, row_id: rowId, uses } of trained) {
    const source = sourceOfRow(rowId);
    if (source === null) continue;
    sourceOf.set(sample, source);
    const { rows, uses: before } = seen.get(source) ?? { rows: 0, uses: 0 };
    seen.set(source, { rows: rows + 1, uses: before + uses });
  }
  const total = [...seen.values()].reduce((sum, { uses }) => sum + uses, 0);
  const curves = curvesOf(db, key, sourceOf, points);
  return sourcesOf(db, run.spec).map(({ id, name, weight }) => {
    const { rows, uses } = seen.get(id) ?? { rows: 0, uses: 0 };
    return {
      datasetId: id,
      name,
      weight,
      rowsSeen: rows,
      samplesSeen: uses,
      share: total === 0 ? null : uses / total,
      series: curves.get(id) ?? [],
    };
  });
}

/** The mixture's datasets under their present names; a deleted one keeps its place, without rows. */
function sourcesOf(db: ReadableDb, spec: RunSpec): { id: string; name: string; weight: number }[] {
  const known = all<{ id: string; name: string }>(db, sql`SELECT id, name FROM datasets`);
  return trainSources(spec).map(({ name, weight }) => {
    const found = known.find((dataset) => dataset.name === name || dataset.id === name);
    return { id: found?.id ?? name, name: found?.name ?? name, weight };
  });
}

type Points = Map<string, { steps: number[]; values: number[] }>;

function curvesOf(
  db: ReadableDb,
  key: number,
  sourceOf: ReadonlyMap<number, string>,
  points: number,
): Map<string, RunSource['series']> {
  const names = metricNamesOf(db, key).samples;
  const wanted = followed.map((name) => ({ name, index: names.indexOf(name) })).filter(({ index }) => index >= 0);
  const table = sampleTableNames.indexOf('trained');
  const bySource = new Map<string, Points>();
  for (const { step, samples } of each<{ step: number; samples: Uint8Array }>(
    db,
    sql`SELECT s.step, x.samples FROM run_steps s JOIN run_step_samples x USING (step_key)
        WHERE s.step_key >= ${firstKey(key)} AND s.step_key < ${firstKey(key + 1)} ORDER BY s.step_key`,
  )) {
    const block = decodeSampleBlocks(samples)[table];
    if (block === undefined) continue;
    for (const { name, index } of wanted) {
      const values = block.metrics.find(([at]) => at === index)?.[1];
      if (values === undefined) continue;
      for (const [source, mean] of meansBySource(block.keys, values, sourceOf)) {
        const curves = bySource.get(source) ?? new Map<string, { steps: number[]; values: number[] }>();
        bySource.set(source, curves);
        const curve = curves.get(name) ?? { steps: [], values: [] };
        curves.set(name, curve);
        curve.steps.push(step);
        curve.values.push(mean);
      }
    }
  }
  return new Map(
    [...bySource].map(([source, curves]) => [
      source,
      [...curves].map(([name, { steps, values }]) => ({ name, ...downsample(steps, values, points) })),
    ]),
  );
}

function meansBySource(
  keys: readonly number[],
  values: readonly number[],
  sourceOf: ReadonlyMap<number, string>,
): Map<string, number> {
  const sums = new Map<string, { sum: number; count: number }>();
  keys.forEach((key, i) => {
    const source = sourceOf.get(key);
    const value = values[i];
    if (source === undefined || value === undefined || !Number.isFinite(value)) return;
    const { sum, count } = sums.get(source) ?? { sum: 0, count: 0 };
    sums.set(source, { sum: sum + value, count: count + 1 });
  });
  return new Map([...sums].map(([source, { sum, count }]) => [source, sum / count]));
}

export const runSourceReads = { runSources };
