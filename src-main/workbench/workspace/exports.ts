import type { Core } from '../core.ts';
import { findByName } from './names.ts';

/** A dataset's canonical rows as NDJSON. */
export async function exportDataset(core: Core, name: string, out: string): Promise<{ path: string; rows: number }> {
  const dataset = findByName('dataset', await core.store.listDatasets(), name);
  const { rows } = await core.store.exportDatasetRows(dataset.id, out);
  return { path: out, rows };
}
