import { hash } from 'node:crypto';
import type { DatasetRow, PreferenceRow } from '../../shared/domain/datasets.ts';
import type { DatasetRecord, SuiteRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { SuiteItem } from '../../shared/domain/evaluations.ts';
import type { Store } from '../../store/api.ts';

/** What a spec calls the suite made of its own held-out pairs. */
export const heldOutName = 'held-out-pairs';
const batchRows = 500;

/**
 * Keeps a row out by the hash of the dataset and the row's id alone. The run's seed has no part in it: runs of one sweep
 * over seeds hold the same pairs out, so their evaluations pair sample by sample.
 */
export function isHeldOut(datasetSha256: string, rowId: string, fraction: number): boolean {
  const digest = hash('sha256', `held-out\n${datasetSha256}\n${rowId}`, 'hex');
  return Number.parseInt(digest.slice(0, 12), 16) / 2 ** 48 < fraction;
}

export interface HeldOut {
  suite: SuiteRecord;
  /** Ids that training leaves out. */
  rowIds: string[];
}

/** The suite of a dataset's held-out pairs: found when an earlier run made it, else made now. */
export async function heldOutSuite(store: Store, dataset: DatasetRecord, fraction: number): Promise<HeldOut> {
  const name = `${heldOutName} ${dataset.name} ${Number((fraction * 100).toPrecision(6))}%`;
  const items: SuiteItem[] = [];
  for (let offset = 0; offset < dataset.rows; offset += batchRows) {
    for (const row of await store.datasetRows(dataset.id, offset, batchRows)) {
      if (isPreference(row) && isHeldOut(dataset.sha256, row.id, fraction)) items.push(itemOf(row));
    }
  }
  requireSome(items, dataset, fraction);
  const rowIds = items.map((item) => item.id);
  const known = (await store.listSuites()).find((suite) => suite.name === name && suite.origin === 'held-out');
  return { suite: known ?? (await addSuite(store, name, items)), rowIds };
}

async function addSuite(store: Store, name: string, items: SuiteItem[]): Promise<SuiteRecord> {
  const ingest = await store.beginSuite({ name, kind: 'pairs', origin: 'held-out', import: null });
  for (let i = 0; i < items.length; i += batchRows) await ingest.push(items.slice(i, i + batchRows));
  const id = await ingest.commit();
  const added = (await store.listSuites()).find((suite) => suite.id === id);
  if (added === undefined) throw new WorkbenchError('internal', `Suite ${id} was not stored.`);
  return added;
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
