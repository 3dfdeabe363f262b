import type { ThingKind } from '../shared/domain/things.ts';
import { deleteThing, thingWrites } from './queries/things.ts';
import type { IngestOutcome, NewRecord } from './api.ts';
import type { DatasetRow } from '../shared/domain/datasets.ts';
import type { ImportRecord } from '../shared/domain/entities.ts';
import type { ErrorReport } from '../shared/domain/errors.ts';
import type { SampleResult, SuiteItem } from '../shared/domain/evaluations.ts';
import type { Rule } from '../shared/domain/flip-rules.ts';
import type { TrainerEvent } from '../shared/domain/trainer-events.ts';
import type { PairBy } from '../shared/domain/pairing.ts';
import { annotationWrites } from './queries/annotations.ts';
import type { BuildOutcome, ColumnPart } from './queries/comparison-builds.ts';
import type { KindSettings } from '../shared/domain/kinds/own-kinds.ts';
import { finishKinds } from './queries/change-kinds.ts';
import { beginBuild, failBuild, finishBuild, putColumns } from './queries/comparison-builds.ts';
import { comparisonWrites, openComparison, setRepeats } from './queries/comparisons.ts';
import { alertWrites } from './queries/alerts.ts';
import { judgeReplyWrites } from './queries/judge-replies.ts';
import { judgedWrites } from './queries/judged-statements.ts';
import { rowScoreWrites } from './queries/row-scores.ts';
import { datasetCheckWrites } from './queries/dataset-checks.ts';
import { datasetMarkWrites } from './queries/dataset-marks.ts';
import type { DatasetHead } from './queries/datasets.ts';
import { DatasetDraft } from './queries/datasets.ts';
import { removeEvaluation, undoImport } from './queries/dependants.ts';
import type { EvaluationHead } from './queries/evaluations.ts';
import { EvaluationDraft } from './queries/evaluations.ts';
import type { GuardPairs } from './queries/guard-sets.ts';
import { addGuardSet, guardSetWrites } from './queries/guard-sets.ts';
import { Ingests } from './queries/ingests.ts';
import type { Writer } from './queries/marks.ts';
import { change, foldMarks } from './queries/marks.ts';
import { madeFileWrites } from './queries/made-files.ts';
import { modelWrites } from './queries/models.ts';
import { Interned } from './queries/names.ts';
import { markOrphans, markRemoved, sweepOnce } from './queries/removal.ts';
import { appendRunEvents } from './queries/run-events.ts';
import { indexRowsOnce } from './queries/row-index.ts';
import { removeRun, runKey, runWrites } from './queries/runs.ts';
import { indexOnce } from './queries/search-index.ts';
import { studyWrites } from './queries/studies.ts';
import { tagSamples } from './queries/samples.ts';
import { smallWrites } from './queries/small-lists.ts';
import type { SuiteHead } from './queries/suites.ts';
import { SuiteDraft, suiteWrites } from './queries/suites.ts';
import { bind } from './rpc.ts';

type Parts = ReturnType<typeof writerMethods>;
/** The writer's methods that `Store` offers, and all that the client may call. */
export type StoreWrites = Parts['offered'];
export type WriterMethods = Parts['offered'] & Parts['inner'];

/** Where the rows of a source come from; null when the workbench makes them itself. */
export interface Provenance {
  import: NewRecord<ImportRecord> | null;
}
/** An evaluation as its creator describes it: with the run's id. */
export type NewEvaluation = Omit<EvaluationHead, 'runKey'> & { runId: string | null };

/**
 * All methods of the writer's thread; one call is one transaction. A new write is a function next to its queries, named
 * in the list at the end of that file; it is then a method of `Store`.
 */
export function writerMethods(writer: Writer) {
  const { db, owner } = writer;
  const interned = new Interned(db);
  const background = new Background(writer);
  const ingests = new Ingests(writer, (kind, key) => {
    change(writer, [], () => markRemoved(db, kind, key));
    background.wake();
  });
  markOrphans(writer);
  foldMarks(writer);
  background.wake();
  /** Keys cached in a transaction that was rolled back do not exist. */
  const guarded = <T>(body: () => T): T => {
    try {
      return body();
    } catch (error) {
      interned.forget();
      throw error;
    }
  };
  /** For writes that leave something to sweep or to index. */
  const waking = <T>(result: T): T => {
    background.wake();
    return result;
  };
  return {
    offered: {
      ...bind(writer, modelWrites),
      ...bind(writer, datasetCheckWrites),
      ...bind(writer, rowScoreWrites),
      ...bind(writer, alertWrites),
      ...bind(writer, judgedWrites),
      ...bind(writer, judgeReplyWrites),
      ...bind(writer, datasetMarkWrites),
      ...bind(writer, runWrites),
      ...bind(writer, comparisonWrites),
      ...bind(writer, annotationWrites),
      ...bind(writer, guardSetWrites),
      ...bind(writer, smallWrites),
      ...bind(writer, madeFileWrites),
      ...bind(writer, thingWrites),
      ...bind(writer, suiteWrites),
      ...bind(writer, studyWrites),
      deleteThing: (kind: ThingKind, id: string) => waking(deleteThing(writer, kind, id)),
      /** Marks an import undone and removes what it brought, unless something depends on it (then `conflict`, which names it). */
      undoImport: (id: string) => waking(undoImport(writer, id)),
      removeRun: (id: string) => waking(removeRun(writer, id)),
      removeEvaluation: (id: string) => waking(removeEvaluation(writer, id)),
      tagSamples: (sampleKeys: number[], tag: string, on: boolean) =>
        guarded(() => change(writer, ['annotations'], () => tagSamples(db, interned, sampleKeys, tag, on))),
    },
    /** For the client itself, which builds `Store` methods on them. */
    inner: {
      beginDataset: ({ import: provenance, ...head }: DatasetHead & Provenance) =>
        ingests.begin('datasets', provenance, () => new DatasetDraft(db, owner, head)),
      beginSuite: ({ import: provenance, ...head }: SuiteHead & Provenance) =>
        ingests.begin('suites', provenance, () => new SuiteDraft(db, owner, head)),
      beginEvaluation: ({ import: provenance, runId, ...head }: NewEvaluation & Provenance) =>
        ingests.begin('evaluations', provenance, () => {
          const key = runId === null ? null : runKey(db, runId);
          return new EvaluationDraft(db, interned, owner, { ...head, runKey: key });
        }),
      pushRows: (ingestId: string, rows: (DatasetRow | SuiteItem | SampleResult)[]) =>
        guarded(() => ingests.push(ingestId, rows)),
      commitIngest: (ingestId: string, outcome?: IngestOutcome) => waking(ingests.commit(ingestId, outcome)),
      abandonIngest: (ingestId: string) => ingests.abandon(ingestId),
      appendRunEvents: (runId: string, events: TrainerEvent[]) =>
        waking(guarded(() => appendRunEvents(writer, interned, runId, events))),
      openComparison: (left: string, right: string, rule: Rule, pairBy?: PairBy) =>
        openComparison(writer, left, right, rule, pairBy),
      beginBuild: (comparisonId: string) => beginBuild(writer, comparisonId),
      putColumns: (buildKey: number, parts: ColumnPart[], progress: number) =>
        putColumns(writer, buildKey, parts, progress),
      finishKinds: (buildKey: number, settings: KindSettings) => finishKinds(writer, buildKey, settings),
      finishBuild: (buildKey: number, outcome: BuildOutcome) => waking(finishBuild(writer, buildKey, outcome)),
      failBuild: (buildKey: number, error: ErrorReport) => failBuild(writer, buildKey, error),
      setRepeats: (id: string, left: string | null, right: string | null) => setRepeats(writer, id, left, right),
      addGuardSet: (set: { name: string; note: string; comparisonId: string; pairs: GuardPairs }) =>
        addGuardSet(writer, set),
      /** Resolves when nothing is left to do in the background. */
      settle: () => background.settled(),
      close: () => {
        background.stop();
        ingests.abandonAll();
        db.raw.close();
      },
    },
  };
}

/** Work that waits for a quiet moment: one short transaction at a time, with calls served in between. */
class Background {
  readonly #writer: Writer;
  #working = false;
  #stopped = false;
  #idle: (() => void)[] = [];

  constructor(writer: Writer) {
    this.#writer = writer;
  }

  wake(): void {
    if (this.#working || this.#stopped) return;
    this.#working = true;
    setImmediate(() => this.#work());
  }

  stop(): void {
    this.#stopped = true;
    this.#rest();
  }

  settled(): Promise<void> {
    if (!this.#working) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #work(): void {
    let more = false;
    try {
      more =
        !this.#stopped && (sweepOnce(this.#writer) || indexOnce(this.#writer.db) || indexRowsOnce(this.#writer.db));
    } catch (error) {
      // A full or busy disk: the work is found again at the next wake or the next start.
      if (process.env.FLIPGUARD_DEBUG !== undefined) console.error('store: background work failed:', error);
    }
    if (more) setImmediate(() => this.#work());
    else this.#rest();
  }

  #rest(): void {
    this.#working = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
