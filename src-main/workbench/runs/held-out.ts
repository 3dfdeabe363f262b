import { hash } from 'node:crypto';
import type { DatasetRow, PreferenceRow } from '../../shared/domain/datasets.ts';
import type { DatasetRecord, SuiteRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { SuiteItem } from '../../shared/domain/evaluations.ts';
import type { Store } from '../../store/api.ts';
import { existing, freeName } from '../workspace/names.ts';

/** What a spec calls the suite made of its own held-out pairs. */
export const heldOutName = 'held-out-pairs';
const batchRows = 500;

/**
 * The ids that are held out: the share of rows whose hash of dataset and id is lowest. The run's seed has no part in it: runs
 * of one sweep over seeds hold the same pairs out, so their evaluations pair sample by sample.
 */
export function chooseHeldOut(datasetSha256: string, rowIds: readonly string[], fraction: number): Set<string> {
  const ranked = rowIds.map((id) => ({ id, rank: hash('sha256', `held-out\n${datasetSha256}\n${id}`, 'hex') }));
  ranked.sort((a, b) => (a.rank < b.rank ? -1 : 1));
  return new Set(ranked.slice(0, Math.round(fraction * rowIds.length)).map(({ id }) => id));
}

export interface HeldOut {
  suite: SuiteRecord;
  /** Ids that training leaves out. */
  rowIds: string[];
}

/** The suite of a dataset's held-out pairs: found when an earlier run made it, else made now. */
export async function heldOutSuite(store: Store, dataset: DatasetRecord, fraction: number): Promise<HeldOut> {
  const name = `${heldOutName} ${dataset.name} ${Number((fraction * 100).toPrecision(6))}%`;
  const ids: string[] = [];
  for await (const row of rowsOf(store, dataset)) ids.push(row.id);
  const heldOut = chooseHeldOut(dataset.sha256, ids, fraction);
  const items: SuiteItem[] = [];
  for await (const row of rowsOf(store, dataset)) if (isPreference(row) && heldOut.has(row.id)) items.push(itemOf(row));
  requireSome(items, dataset, fraction);
  const rowIds = items.map((item) => item.id);
  const suites = await store.listSuites();
  for (const known of suites.filter((suite) => suite.origin === 'held-out' && suite.name.startsWith(name))) {
    if (await holds(store, known, rowIds)) return { suite: known, rowIds };
  }
  return { suite: await addSuite(store, freeName(suites, name), items), rowIds };
}

async function* rowsOf(store: Store, dataset: DatasetRecord): AsyncGenerator<DatasetRow> {
  for (let offset = 0; offset < dataset.rows; offset += batchRows) {
    yield* await store.datasetRows(dataset.id, offset, batchRows);
  }
}

/** A dataset of the same name may have been imported again: the items decide, not the name. */
async function holds(store: Store, suite: SuiteRecord, rowIds: readonly string[]): Promise<boolean> {
  if (suite.items !== rowIds.length) return false;
  const wanted = new Set(rowIds);
  for (let offset = 0; offset < suite.items; offset += batchRows) {
    const items = await store.suiteItems(suite.id, offset, batchRows);
    if (!items.every(({ id }) => wanted.has(id))) return false;
  }
  return true;
}

async function addSuite(store: Store, name: string, items: SuiteItem[]): Promise<SuiteRecord> {
  const ingest = await store.beginSuite({ name, kind: 'pairs', origin: 'held-out', import: null });
  for (let i = 0; i < items.length; i += batchRows) await ingest.push(items.slice(i, i + batchRows));
  const id = await ingest.commit();
  return existing('suite', await store.getSuite(id), id);
}

function isPreference(row: DatasetRow): row is PreferenceRow {
  return row.kind === 'preference';
}

function itemOf(row: PreferenceRow): SuiteItem {
  const { id, prompt, chosen, rejected, tags } = row;
  return { kind: 'pairs', id, prompt, chosen, rejected, ...(tags === undefined ? {} : { slices: tags }) };
}

function requireSome(items: readonly SuiteItem[], dataset: DatasetRecord, fraction: number): void {
  if (items.length > 0 && items.length < dataset.rows) return;
  const outcome = items.length === 0 ? 'no pair' : 'every pair';
  throw new WorkbenchError('bad-input', `Holding out ${fraction} of ${dataset.rows} rows leaves ${outcome} out.`, {
    remedy: 'Change dataset.heldOut so that pairs are left on both sides.',
    place: { field: 'dataset.heldOut' },
  });
}
