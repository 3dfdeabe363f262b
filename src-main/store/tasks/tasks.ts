import type { FlipExportRow } from '../api.ts';
import type { SampleResult } from '../../shared/domain/evaluations.ts';
import type { FlipFilter, FlipSort } from '../../shared/domain/flip-view.ts';
import type { ReadableDb } from '../database.ts';
import { inSnapshot, one, sql } from '../database.ts';
import type { BuildOrder } from '../queries/comparison-builds.ts';
import { refuseForeign } from '../migrations/migrate.ts';
import { datasetKey } from '../queries/datasets.ts';
import type { VersionStep } from '../../shared/domain/data/row-view.ts';
import { openRowSource, rowsOfStep } from '../views/row-selection.ts';
import { nearestPrompts, rowsNear } from './rows-near.ts';
import { loadComparison } from '../views/comparison.ts';
import { orderedRows } from '../views/flip-views.ts';
import { exportRows } from '../views/rows.ts';
import type { BuildBatch } from './build-comparison.ts';
import { buildComparison, buildStability } from './build-comparison.ts';
import { checkContents } from './check-contents.ts';
import { checkDataset } from './check-dataset.ts';
import type { KindOrder } from '../queries/change-kinds.ts';
import { buildKinds } from './build-kinds.ts';
import { copyWorkspace } from './copy-workspace.ts';
import { exportDatasetRows, exportSuiteItems } from './export-rows.ts';
import { setStatements } from './set-statements.ts';
import { streamSamples } from './stream-samples.ts';
import { trainedRows } from './trained-rows.ts';

type Emit<Batch> = (batch: Batch) => Promise<void>;

/** Rows of a streamed export at once. */
const exportBatch = 1000;
/** Characters at once: a batch is copied from thread to thread. */
const batchCharacters = 8_000_000;
const readAtOnce = 10;

/** Long readings, each in a thread and on a connection of its own. */
export const tasks = {
  buildComparison: (db: ReadableDb, emit: Emit<BuildBatch>, order: BuildOrder) => buildComparison(db, order, emit),
  buildStability: (db: ReadableDb, emit: Emit<BuildBatch>, order: Omit<BuildOrder, 'buildKey'>) =>
    buildStability(db, order, emit),
  buildKinds: (db: ReadableDb, emit: Emit<BuildBatch>, order: KindOrder) => buildKinds(db, order, emit),
  streamFlips,
  setStatements,
  streamSamples: (db: ReadableDb, emit: Emit<SampleResult[]>, id: string) => streamSamples(db, emit, id),
  exportDatasetRows: (db: ReadableDb, _emit: Emit<never>, id: string, path: string, skip: string[]) =>
    exportDatasetRows(db, id, path, new Set(skip)),
  exportSuiteItems: (db: ReadableDb, _emit: Emit<never>, id: string, path: string) => exportSuiteItems(db, id, path),
  copyWorkspace: (db: ReadableDb, _emit: Emit<never>, path: string) => copyWorkspace(db, path),
  checkIntegrity,
  checkContents,
  checkDataset,
  selectRows: (db: ReadableDb, _emit: Emit<never>, id: string, step: VersionStep) => ({
    places: rowsOfStep(openRowSource(db, datasetKey(db, id)), step),
  }),
  rowsNear: (db: ReadableDb, _emit: Emit<never>, id: string, prompts: string[], threshold: number) =>
    rowsNear(db, datasetKey(db, id), prompts, threshold),
  nearestPrompts: (db: ReadableDb, _emit: Emit<never>, id: string, rows: number, prompts: string[]) =>
    nearestPrompts(db, datasetKey(db, id), rows, prompts),
  trainedRows: (db: ReadableDb, _emit: Emit<never>, runId: string, datasetId: string) =>
    trainedRows(db, runId, datasetId),
  /** Of a database that somebody else wrote: that it is a workspace at all, then everything. */
  checkFile: (db: ReadableDb) => {
    refuseForeign(db);
    return checkIntegrity(db);
  },
};

async function streamFlips(
  db: ReadableDb,
  emit: Emit<FlipExportRow[]>,
  comparisonId: string,
  filter: FlipFilter,
  sort: FlipSort,
): Promise<null> {
  db.raw.exec('BEGIN');
  const comparison = loadComparison(db, comparisonId);
  const order = orderedRows(comparison, filter, sort);
  let batch: FlipExportRow[] = [];
  let characters = 0;
  for (let from = 0; from < order.length; from += readAtOnce) {
    const rows = exportRows(comparison, order.subarray(from, from + readAtOnce), filter.verdicts);
    batch.push(...rows);
    characters += rows.reduce((sum, row) => sum + charactersOf(row), 0);
    if (batch.length < exportBatch && characters < batchCharacters) continue;
    await emit(batch);
    [batch, characters] = [[], 0];
  }
  if (batch.length > 0) await emit(batch);
  db.raw.exec('COMMIT');
  return null;
}

function charactersOf({ prompt, target, leftOutput, rightOutput }: FlipExportRow): number {
  return prompt.length + (target?.length ?? 0) + (leftOutput?.length ?? 0) + (rightOutput?.length ?? 0);
}

/** Pages up to which everything is checked; beyond, the check that skips the indexes' contents (about ten times faster). */
const fullCheckPages = 50_000;

/** “ok”, or what is wrong in SQLite's words. */
function checkIntegrity(db: ReadableDb): string {
  const pages = one<{ page_count: number }>(db, sql`PRAGMA page_count`)?.page_count ?? 0;
  const check = pages > fullCheckPages ? 'quick_check' : 'integrity_check';
  return inSnapshot(db, () => {
    const problems = db.raw.prepare(`PRAGMA ${check}(20)`).pluck().all() as string[];
    return problems.join('; ');
  });
}
