import { statSync } from 'node:fs';
import type { FlipFilter, FlipSort } from '../shared/domain/flip-view.ts';
import type { ReadableDb } from './database.ts';
import { value } from './database.ts';
import { annotations } from './queries/annotations.ts';
import { unbuiltComparisons } from './queries/comparison-builds.ts';
import { existingComparison, getComparison, listComparisons } from './queries/comparisons.ts';
import { datasetRows, listDatasets } from './queries/datasets.ts';
import { listEvaluations } from './queries/evaluations.ts';
import { guardSetRows, guardSetSampleKeys, listGuardSets } from './queries/guard-sets.ts';
import { listImports } from './queries/imports.ts';
import { joiningOf } from './queries/joining.ts';
import { readMarks } from './queries/marks.ts';
import { listModels } from './queries/models.ts';
import type { MetricsOptions } from './queries/run-reads.ts';
import { runEvents, runMetrics, trainingTrace } from './queries/run-reads.ts';
import { getRun, listCheckpoints, listRuns } from './queries/runs.ts';
import { getSetting, listReports, listSettings, listSavedFilters } from './queries/small-lists.ts';
import { listSuites, suiteItems } from './queries/suites.ts';
import type { Methods } from './rpc.ts';
import { FlipViews } from './views/flip-views.ts';
import { neighbours } from './views/neighbours.ts';
import { sampleDetail, sampleTimeline } from './views/sample.ts';

export type ReaderMethods = ReturnType<typeof readerMethods>;

/** Everything that is asked of the reader's thread. */
export function readerMethods(db: ReadableDb, owner: string) {
  const views = new FlipViews(db);
  return {
    counts: () => ({ counts: rowCounts(db), sizeBytes: sizeOnDisk(db.raw.name) }),
    listModels: () => listModels(db),
    listDatasets: () => listDatasets(db),
    listSuites: () => listSuites(db),
    listRuns: () => listRuns(db),
    getRun: (id: string) => getRun(db, id),
    listCheckpoints: (runId?: string) => listCheckpoints(db, runId),
    listEvaluations: (filter?: { runId?: string; checkpointId?: string; suiteId?: string }) =>
      listEvaluations(db, filter),
    listComparisons: () => listComparisons(db),
    listGuardSets: () => listGuardSets(db),
    listImports: () => listImports(db),
    listReports: () => listReports(db),
    listSavedFilters: () => listSavedFilters(db),
    getSetting: (key: string) => getSetting(db, key),
    listSettings: () => listSettings(db),
    datasetRows: (id: string, offset: number, limit: number) => datasetRows(db, id, offset, limit),
    suiteItems: (id: string, offset: number, limit: number) => suiteItems(db, id, offset, limit),
    runMetrics: (runId: string, options: MetricsOptions) => runMetrics(db, runId, options),
    runEvents: (runId: string, afterSeq: number, limit: number) => runEvents(db, runId, afterSeq, limit),
    getComparison: (id: string) => getComparison(db, id),
    existingComparison: (id: string) => existingComparison(db, id),
    unbuiltComparisons: () => unbuiltComparisons(db, owner),
    openFlipView: (id: string, filter: FlipFilter, sort: FlipSort) => views.open(id, filter, sort),
    flipWindow: (viewId: string, offset: number, limit: number) => views.window(viewId, offset, limit),
    flipPosition: (viewId: string, sampleKey: number) => views.position(viewId, sampleKey),
    closeFlipView: (viewId: string) => views.close(viewId),
    guardPairs: (id: string, chosen: { sampleKeys: number[] } | { viewId: string }) => views.guardPairs(id, chosen),
    flipFacets: (id: string, filter: FlipFilter) => views.facets(id, filter),
    flipVectors: (id: string, filter: FlipFilter) => views.vectors(id, filter),
    sliceCounts: (id: string) => views.sliceCounts(id),
    sampleDetail: (id: string, sampleKey: number) => sampleDetail(views.comparison(id), sampleKey),
    neighbours: (id: string, sampleKey: number, limit: number) => neighbours(views.comparison(id), sampleKey, limit),
    sampleTimeline: (sampleKey: number) => sampleTimeline(db, sampleKey),
    trainingTrace: (sampleKey: number) => trainingTrace(db, sampleKey),
    annotations: (id: string) => annotations(db, id),
    guardSetRows: (id: string) => guardSetRows(db, id),
    guardSetSampleKeys: (id: string) => guardSetSampleKeys(db, id),
    joiningOf: (evaluationId: string, sampleKey: number) => joiningOf(db, evaluationId, sampleKey),
    /** How often other programs wrote to each list, when anything changed since the last call; else null. */
    foreignMarks: foreignMarks(db, owner),
    close: () => {
      db.raw.close();
    },
  } satisfies Methods;
}

/** Counts for the doctor's page. The big tables are summed up from their owners, not counted. */
function rowCounts(db: ReadableDb): Record<string, number> {
  const count = (text: string): number => value<number>(db, { text, values: [] }) ?? 0;
  return {
    models: count('SELECT count(*) FROM models'),
    datasets: count("SELECT count(*) FROM datasets WHERE state = 'ready'"),
    suites: count("SELECT count(*) FROM suites WHERE state = 'ready'"),
    runs: count('SELECT count(*) FROM runs'),
    checkpoints: count('SELECT count(*) FROM checkpoints'),
    evaluations: count("SELECT count(*) FROM evaluations WHERE state = 'ready'"),
    scores: count("SELECT coalesce(sum(samples), 0) FROM evaluations WHERE state = 'ready'"),
    comparisons: count('SELECT count(*) FROM comparisons'),
    guardSets: count('SELECT count(*) FROM guard_sets'),
    reports: count('SELECT count(*) FROM reports'),
  };
}

function sizeOnDisk(path: string): number {
  return ['', '-wal'].reduce((sum, suffix) => sum + (statSync(path + suffix, { throwIfNoEntry: false })?.size ?? 0), 0);
}

function foreignMarks(db: ReadableDb, owner: string): () => Record<string, number> | null {
  let seen = -1;
  return () => {
    const version = value<number>(db, { text: 'PRAGMA data_version', values: [] }) ?? 0;
    if (version === seen) return null;
    seen = version;
    return Object.fromEntries(
      readMarks(db)
        .filter((mark) => mark.writer !== owner)
        .map((mark) => [`${mark.list} ${mark.writer}`, mark.version]),
    );
  };
}
