import type { RowFilter, RowSort } from '../shared/domain/data/row-view.ts';
import type { FlipFilter } from '../shared/domain/flip-view.ts';
import { annotationReads } from './queries/annotations.ts';
import { unbuiltComparisons } from './queries/comparison-builds.ts';
import { kindOrder, kindReads } from './queries/change-kinds.ts';
import { comparisonReads, existingComparison } from './queries/comparisons.ts';
import { rowCounts, sizeOnDisk } from './queries/counts.ts';
import { alertReads } from './queries/alerts.ts';
import { rowScoreReads } from './queries/row-scores.ts';
import { datasetCheckReads } from './queries/dataset-checks.ts';
import { datasetReads } from './queries/datasets.ts';
import { evaluationSampleReads } from './queries/evaluation-samples.ts';
import { evaluationReads } from './queries/evaluations.ts';
import { guardSetReads } from './queries/guard-sets.ts';
import { judgeReplyReads } from './queries/judge-replies.ts';
import { judgedReads } from './queries/judged-statements.ts';
import { importReads } from './queries/imports.ts';
import { joiningReads } from './queries/joining.ts';
import { foreignMarks } from './queries/marks.ts';
import { madeFileReads } from './queries/made-files.ts';
import { modelReads } from './queries/models.ts';
import { partnerReads } from './queries/partners.ts';
import { runCurveReads } from './queries/run-curves.ts';
import { runHistoryReads } from './queries/run-reads.ts';
import { runSourceReads } from './queries/run-sources.ts';
import { stepAnswerReads } from './queries/step-answers.ts';
import { runReads } from './queries/runs.ts';
import { studyReads } from './queries/studies.ts';
import { smallReads } from './queries/small-lists.ts';
import { thingReads } from './queries/things.ts';
import { suiteReads } from './queries/suites.ts';
import type { ReadableDb } from './database.ts';
import { bind } from './rpc.ts';
import { datasetViewReads, DatasetViews } from './views/dataset-views.ts';
import { flipReads, FlipViews } from './views/flip-views.ts';
import type { Found, Lacking } from './views/flip-views.ts';
import { sampleReads } from './views/sample.ts';

type Parts = ReturnType<typeof readerMethods>;
/** The reader's methods that `Store` offers, and all that the client may call. */
export type StoreReads = Parts['offered'];
export type ReaderMethods = Parts['offered'] & Parts['inner'];

/**
 * All methods of the reader's thread. A new read is a function next to its query, named in the list at the end of that
 * file; it is then a method of `Store`.
 */
export function readerMethods(db: ReadableDb, owner: string) {
  const views = new FlipViews(db);
  const datasetViews = new DatasetViews(db);
  return {
    offered: {
      ...bind(db, modelReads),
      ...bind(db, datasetReads),
      ...bind(db, datasetCheckReads),
      ...bind(db, rowScoreReads),
      ...bind(db, alertReads),
      ...bind(db, suiteReads),
      ...bind(db, runReads),
      ...bind(db, runHistoryReads),
      ...bind(db, runCurveReads),
      ...bind(db, runSourceReads),
      ...bind(db, stepAnswerReads),
      ...bind(db, evaluationReads),
      ...bind(db, evaluationSampleReads),
      ...bind(db, comparisonReads),
      ...bind(db, partnerReads),
      ...bind(db, annotationReads),
      ...bind(db, judgedReads),
      ...bind(db, judgeReplyReads),
      ...bind(db, kindReads),
      ...bind(db, guardSetReads),
      ...bind(db, importReads),
      ...bind(db, joiningReads),
      ...bind(db, smallReads),
      ...bind(db, studyReads),
      ...bind(db, madeFileReads),
      ...bind(db, sampleReads),
      ...bind(db, thingReads),
      ...bind(views, flipReads),
      ...bind(datasetViews, datasetViewReads),
    },
    /** For the client itself. */
    inner: {
      counts: () => ({ counts: rowCounts(db), sizeBytes: sizeOnDisk(db.raw.name) }),
      existingComparison: (id: string) => existingComparison(db, id),
      lacks: (id: string, filter: FlipFilter) => views.lacks(id, filter),
      find: (id: string, filter: FlipFilter, lacking: Partial<Lacking>) => views.find(id, filter, lacking),
      take: (id: string, filter: FlipFilter, found: Found) => views.take(id, filter, found),
      rowsNeedThread: (id: string, filter: RowFilter, sort: RowSort) => datasetViews.needsThread(id, filter, sort),
      orderedRows: (id: string, filter: RowFilter, sort: RowSort) => datasetViews.order(id, filter, sort),
      adoptRows: (id: string, order: Int32Array) => datasetViews.adopt(id, order),
      kindOrder: (id: string) => kindOrder(db, id),
      unbuiltComparisons: () => unbuiltComparisons(db, owner),
      guardPairs: (id: string, from: { sampleKeys: number[] } | { viewId: string }) => views.guardPairs(id, from),
      /** How often other programs wrote to each list; null if nothing changed since the last call. */
      foreignMarks: foreignMarks(db, owner),
      close: () => {
        db.raw.close();
      },
    },
  };
}
