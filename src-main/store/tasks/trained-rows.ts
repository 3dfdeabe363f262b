import { sampleTableNames } from '../../shared/domain/metrics.ts';
import { sourceOfRow } from '../../shared/domain/train-sources.ts';
import type { ReadableDb } from '../database.ts';
import { all, each, sql, value } from '../database.ts';
import { decodeSampleBlocks } from '../codec.ts';
import { firstKey, memberOf } from '../keys.ts';
import { metricNamesOf } from '../queries/run-steps.ts';
import { runKey } from '../queries/runs.ts';

/** What training did to the rows of a dataset, in its order; NaN for a row that was not used, or whose value is not known. */
export interface TrainedRows {
  /** Nats by which the log-prob of the chosen response (of the completion, where there is one) fell from its first to its last use. */
  displacement: Float64Array;
  /** Steps at which the guard’s condition held. */
  fired: Float64Array;
  used: number;
}

/** Log-probs of the learned response; which one there is depends on the method. */
const learned = ['logps/chosen', 'logps'];

export function trainedRows(db: ReadableDb, runId: string, datasetId: string): TrainedRows {
  const key = runKey(db, runId);
  const dataset = value<number>(db, sql`SELECT dataset_key FROM datasets WHERE id = ${datasetId}`) ?? 0;
  const rows = value<number>(db, sql`SELECT rows FROM datasets WHERE dataset_key = ${dataset}`) ?? 0;
  const places = placesOf(db, dataset);
  const found: TrainedRows = {
    displacement: new Float64Array(rows).fill(NaN),
    fired: new Float64Array(rows).fill(NaN),
    used: 0,
  };
  const placeOf = new Map<number, number>();
  for (const one of all<{ trained_key: number; row_id: string; fired: number | null }>(
    db,
    sql`SELECT trained_key, row_id, fired FROM trained_samples WHERE run_key = ${key}`,
  )) {
    // In a mixture, row ids begin with the dataset's id.
    const source = sourceOfRow(one.row_id);
    const place = places.get(source === datasetId ? one.row_id.slice(source.length + 1) : one.row_id);
    if (place === undefined) continue;
    placeOf.set(one.trained_key, place);
    found.used++;
    if (one.fired !== null) found.fired[place] = one.fired;
  }
  measureFalls(db, key, placeOf, found.displacement);
  return found;
}

function placesOf(db: ReadableDb, dataset: number): Map<string, number> {
  const places = new Map<string, number>();
  for (const { row_key: row, row_id: id } of each<{ row_key: number; row_id: string }>(
    db,
    sql`SELECT row_key, row_id FROM dataset_rows WHERE row_key >= ${firstKey(dataset)} AND row_key < ${firstKey(dataset + 1)}`,
  ))
    places.set(id, memberOf(row));
  return places;
}

/** Over all steps in order: a fall needs two uses. */
function measureFalls(
  db: ReadableDb,
  key: number,
  placeOf: ReadonlyMap<number, number>,
  displacement: Float64Array,
): void {
  const names = metricNamesOf(db, key).samples;
  const index = learned.map((name) => names.indexOf(name)).find((place) => place >= 0);
  if (index === undefined) return;
  const first = new Map<number, number>();
  const trained = sampleTableNames.indexOf('trained');
  for (const { samples } of each<{ samples: Uint8Array }>(
    db,
    sql`SELECT samples FROM run_step_samples WHERE step_key >= ${firstKey(key)} AND step_key < ${firstKey(key + 1)} ORDER BY step_key`,
  )) {
    const block = decodeSampleBlocks(samples)[trained];
    const values = block?.metrics.find(([metric]) => metric === index)?.[1];
    if (block === undefined || values === undefined) continue;
    block.keys.forEach((sample, i) => {
      const place = placeOf.get(sample);
      const now = values[i] ?? NaN;
      if (place === undefined || !Number.isFinite(now)) return;
      const before = first.get(place);
      if (before === undefined) first.set(place, now);
      else displacement[place] = before - now;
    });
  }
}
