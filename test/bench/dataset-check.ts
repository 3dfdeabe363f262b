/**
 * How long the data room takes on a dataset of a million rows: `node build/node24.mjs test/bench/dataset-check.ts [rows] [model folder]`.
 * Prints times, processor seconds and the most memory held; nothing is asserted.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkDataset } from '../../src-main/workbench/data/check-dataset.ts';
import { createWorkbench } from '../../src-main/workbench/create-workbench.ts';
import { launchNodeTrainer } from '../../src-main/trainer/node-child.ts';
import type { PreferenceRow } from '../../src-main/shared/domain/datasets.ts';
import { plantedPairs } from '../helpers/planted-data.ts';

const rows = Number(process.argv[2] ?? 1_000_000);
const modelFolder = process.argv[3];
const folder = mkdtempSync(join(tmpdir(), 'flipguard-data-'));
const workbench = await createWorkbench({ folder, shell: 'web', launchTrainer: launchNodeTrainer });
const { store } = workbench.core;

let peak = 0;
const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 200);
async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now();
  const usage = process.cpuUsage();
  const result = await work();
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(usage);
  process.stdout.write(
    `${what}: ${seconds.toFixed(2)} s (${((user + system) / 1e6).toFixed(2)} s of processors), at most ${Math.round(peak / 2 ** 20)} MB\n`,
  );
  return result;
}

const task = { signal: new AbortController().signal, progress: () => undefined };
const id = await timed(`storing ${rows} rows`, async () => {
  const ingest = await store.beginDataset({ name: 'planted', kind: 'preference', import: null });
  const copies = Math.floor(rows / 100);
  let batch: PreferenceRow[] = [];
  for (const row of plantedPairs(rows - 3 * copies, {
    duplicates: copies,
    nearDuplicates: copies,
    contradictions: copies,
  })) {
    batch.push(row);
    if (batch.length < 4096) continue;
    await ingest.push(batch);
    batch = [];
  }
  await ingest.push(batch);
  return ingest.commit();
});
const dataset = await store.getDataset(id);
if (dataset === null) throw new Error('the dataset is gone');
peak = 0;
const made = await timed('check of the texts', () => checkDataset(workbench.core, dataset, {}, task));
const { duplicates, nearDuplicates, contradictions } = made.check;
process.stdout.write(`${JSON.stringify({ duplicates, nearDuplicates, contradictions })}\n`);
await timed('the same check again', () => checkDataset(workbench.core, dataset, {}, task));
const byRow = { column: 'row', direction: 'ascending' } as const;
const opened = await timed('opening the list', () => store.openDatasetView(id, {}, byRow));
await timed('its first window', () => store.datasetWindow(opened.viewId, 0, 200));
await timed('a window in the middle', () => store.datasetWindow(opened.viewId, Math.floor(rows / 2), 200));
await timed('rows with a finding', () => store.openDatasetView(id, { findings: ['near-duplicate'] }, byRow));
await timed('all by length', () => store.openDatasetView(id, {}, { column: 'response', direction: 'descending' }));
await timed('until the words are indexed', () => store.settled());
for (const words of ['harbour', 'the harbour', 'zzzz']) {
  const found = await timed(`search for “${words}”`, () => store.openDatasetView(id, { search: words }, byRow));
  process.stdout.write(`  ${found.total} rows\n`);
}
if (modelFolder !== undefined) {
  const model = await workbench.models.add(modelFolder, { name: 'm' }, task);
  await timed('check with token lengths', () => checkDataset(workbench.core, dataset, { model: model.id }, task));
}
clearInterval(watch);
await workbench.close();
rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
