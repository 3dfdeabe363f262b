import type { FlipExportRow } from '../api.ts';
import type { VersionStep } from '../../shared/domain/data/row-view.ts';
import type { SampleResult } from '../../shared/domain/evaluations.ts';
import type { FlipFilter, FlipSort } from '../../shared/domain/flip-view.ts';
import type { ReadableDb } from '../database.ts';
import type { BuildOrder } from '../queries/comparison-builds.ts';
import type { KindOrder } from '../queries/change-kinds.ts';
import { datasetKey } from '../queries/datasets.ts';
import type { BuildBatch } from './build-comparison.ts';
import type { checkDataset } from './check-dataset.ts';
import type { checkContents } from './check-contents.ts';
import type { setStatements } from './set-statements.ts';

type Emit<Batch> = (batch: Batch) => Promise<void>;

/**
 * Long reads, each in a thread and on a connection of its own. A thread loads only what its task needs: loading all tasks would take
 * longer than building a small comparison.
 */
export const tasks = {
  buildComparison: async (db: ReadableDb, emit: Emit<BuildBatch>, order: BuildOrder) =>
    (await import('./build-comparison.ts')).buildComparison(db, order, emit),
  buildStability: async (db: ReadableDb, emit: Emit<BuildBatch>, order: Omit<BuildOrder, 'buildKey'>) =>
    (await import('./build-comparison.ts')).buildStability(db, order, emit),
  buildKinds: async (db: ReadableDb, emit: Emit<BuildBatch>, order: KindOrder) =>
    (await import('./build-kinds.ts')).buildKinds(db, order, emit),
  streamFlips: async (db: ReadableDb, emit: Emit<FlipExportRow[]>, id: string, filter: FlipFilter, sort: FlipSort) =>
    (await import('./stream-flips.ts')).streamFlips(db, emit, id, filter, sort),
  setStatements: async (...args: Parameters<typeof setStatements>) =>
    (await import('./set-statements.ts')).setStatements(...args),
  streamSamples: async (db: ReadableDb, emit: Emit<SampleResult[]>, id: string) =>
    (await import('./stream-samples.ts')).streamSamples(db, emit, id),
  exportDatasetRows: async (db: ReadableDb, _emit: Emit<never>, id: string, path: string, skip: string[]) =>
    (await import('./export-rows.ts')).exportDatasetRows(db, id, path, new Set(skip)),
  exportSuiteItems: async (db: ReadableDb, _emit: Emit<never>, id: string, path: string) =>
    (await import('./export-rows.ts')).exportSuiteItems(db, id, path),
  copyWorkspace: async (db: ReadableDb, _emit: Emit<never>, path: string) =>
    (await import('./copy-workspace.ts')).copyWorkspace(db, path),
  checkIntegrity: async (db: ReadableDb) => (await import('./check-integrity.ts')).checkIntegrity(db),
  checkContents: async (...args: Parameters<typeof checkContents>) =>
    (await import('./check-contents.ts')).checkContents(...args),
  checkDataset: async (...args: Parameters<typeof checkDataset>) =>
    (await import('./check-dataset.ts')).checkDataset(...args),
  selectRows: async (db: ReadableDb, _emit: Emit<never>, id: string, step: VersionStep) => {
    const { openRowSource, rowsOfStep } = await import('../views/row-selection.ts');
    return { places: rowsOfStep(openRowSource(db, datasetKey(db, id)), step) };
  },
  rowsNear: async (db: ReadableDb, _emit: Emit<never>, id: string, prompts: string[], threshold: number) =>
    (await import('./rows-near.ts')).rowsNear(db, datasetKey(db, id), prompts, threshold),
  nearestPrompts: async (db: ReadableDb, _emit: Emit<never>, id: string, rows: number, prompts: string[]) =>
    (await import('./rows-near.ts')).nearestPrompts(db, datasetKey(db, id), rows, prompts),
  trainedRows: async (db: ReadableDb, _emit: Emit<never>, runId: string, datasetId: string) =>
    (await import('./trained-rows.ts')).trainedRows(db, runId, datasetId),
  checkFile: async (db: ReadableDb) => (await import('./check-integrity.ts')).checkFile(db),
};
