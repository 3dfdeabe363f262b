import type { IngestOutcome, NewRecord, StoreWrites } from './api.ts';
import type { DatasetRow } from '../shared/domain/datasets.ts';
import type { DatasetRecord, ImportRecord, ModelRecord, ReportRecord } from '../shared/domain/entities.ts';
import type { ErrorReport } from '../shared/domain/errors.ts';
import type { SampleResult, SuiteItem } from '../shared/domain/evaluations.ts';
import type { Rule } from '../shared/domain/flips.ts';
import type { TrainerEvent } from '../shared/domain/jobs.ts';
import { annotate, undoAnnotation } from './queries/annotations.ts';
import type { BuildOutcome, ColumnPart } from './queries/comparison-builds.ts';
import { beginBuild, failBuild, finishBuild, putColumns } from './queries/comparison-builds.ts';
import { openComparison, removeComparison, setRepeats } from './queries/comparisons.ts';
import { DatasetDraft } from './queries/datasets.ts';
import { removeEvaluation, undoImport } from './queries/dependants.ts';
import type { EvaluationHead } from './queries/evaluations.ts';
import { EvaluationDraft } from './queries/evaluations.ts';
import type { GuardPairs } from './queries/guard-sets.ts';
import { addGuardSet, removeGuardSet } from './queries/guard-sets.ts';
import { Ingests } from './queries/ingests.ts';
import type { Writer } from './queries/marks.ts';
import { change, foldMarks } from './queries/marks.ts';
import { addModel, removeModel } from './queries/models.ts';
import { Interned } from './queries/names.ts';
import { markOrphans, markRemoved, sweepOnce } from './queries/removal.ts';
import { appendRunEvents } from './queries/run-events.ts';
import { addRun, removeRun, runKey, updateRun } from './queries/runs.ts';
import { indexOnce } from './queries/search-index.ts';
import { tagSamples } from './queries/samples.ts';
import { addReport, removeFilter, saveFilter, setSetting } from './queries/small-lists.ts';
import type { SuiteHead } from './queries/suites.ts';
import { SuiteDraft } from './queries/suites.ts';
import type { Methods } from './rpc.ts';

export type WriterMethods = ReturnType<typeof writerMethods>;

/** Everything that is asked of the writer's thread; one call is one transaction. */
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
  /** Keys remembered in a transaction that was rolled back do not exist. */
  const guarded = <T>(body: () => T): T => {
    try {
      return body();
    } catch (error) {
      interned.forget();
      throw error;
    }
  };
  return {
    addModel: (model: NewRecord<ModelRecord>) => addModel(writer, model),
    removeModel: (id: string) => removeModel(writer, id),
    beginDataset: (head: { name: string; kind: DatasetRecord['kind']; import: NewRecord<ImportRecord> | null }) =>
      ingests.begin('datasets', head.import, () => new DatasetDraft(db, owner, head)),
    beginSuite: ({ import: provenance, ...head }: SuiteHead & { import: NewRecord<ImportRecord> | null }) =>
      ingests.begin('suites', provenance, () => new SuiteDraft(db, owner, head)),
    beginEvaluation: ({
      import: provenance,
      runId,
      ...head
    }: Omit<EvaluationHead, 'runKey'> & { runId: string | null; import: NewRecord<ImportRecord> | null }) =>
      ingests.begin('evaluations', provenance, () => {
        return new EvaluationDraft(db, interned, owner, { ...head, runKey: runId === null ? null : runKey(db, runId) });
      }),
    pushRows: (ingestId: string, rows: (DatasetRow | SuiteItem | SampleResult)[]) =>
      guarded(() => ingests.push(ingestId, rows)),
    commitIngest: (ingestId: string, outcome?: IngestOutcome) => ingests.commit(ingestId, outcome),
    abandonIngest: (ingestId: string) => ingests.abandon(ingestId),
    undoImport: (id: string) => {
      undoImport(writer, id);
      background.wake();
    },
    addRun: (run: Parameters<StoreWrites['addRun']>[0]) => addRun(writer, run),
    updateRun: (id: string, changes: Parameters<StoreWrites['updateRun']>[1]) => updateRun(writer, id, changes),
    removeRun: (id: string) => {
      removeRun(writer, id);
      background.wake();
    },
    appendRunEvents: (runId: string, events: TrainerEvent[]) => {
      const outcome = guarded(() => appendRunEvents(writer, interned, runId, events));
      background.wake();
      return outcome;
    },
    openComparison: (left: string, right: string, rule: Rule) => openComparison(writer, left, right, rule),
    beginBuild: (comparisonId: string) => beginBuild(writer, comparisonId),
    putColumns: (buildKey: number, parts: ColumnPart[], progress: number) =>
      putColumns(writer, buildKey, parts, progress),
    finishBuild: (buildKey: number, outcome: BuildOutcome) => {
      const record = finishBuild(writer, buildKey, outcome);
      background.wake();
      return record;
    },
    failBuild: (buildKey: number, error: ErrorReport) => failBuild(writer, buildKey, error),
    removeComparison: (id: string) => removeComparison(writer, id),
    removeEvaluation: (id: string) => {
      removeEvaluation(writer, id);
      background.wake();
    },
    annotate: (id: string, sampleKeys: number[], changes: Parameters<StoreWrites['annotate']>[2]) =>
      annotate(writer, id, sampleKeys, changes),
    undoAnnotation: (token: string) => undoAnnotation(writer, token),
    setRepeats: (id: string, left: string | null, right: string | null) => setRepeats(writer, id, left, right),
    addGuardSet: (set: { name: string; note: string; comparisonId: string; pairs: GuardPairs }) =>
      addGuardSet(writer, set),
    removeGuardSet: (id: string) => removeGuardSet(writer, id),
    saveFilter: (name: string, query: string) => saveFilter(writer, name, query),
    removeFilter: (id: string) => removeFilter(writer, id),
    addReport: (report: NewRecord<ReportRecord>) => addReport(writer, report),
    setSetting: (key: string, text: string) => setSetting(writer, key, text),
    tagSamples: (sampleKeys: number[], tag: string, on: boolean) =>
      guarded(() => change(writer, ['annotations'], () => tagSamples(db, interned, sampleKeys, tag, on))),
    /** Resolves when nothing is left to do in the background. */
    settle: () => background.settled(),
    close: () => {
      background.stop();
      ingests.abandonAll();
      db.raw.close();
    },
  } satisfies Methods;
}

/** Work that waits for a quiet moment: one short transaction at a time, calls come in between. */
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
      more = !this.#stopped && (sweepOnce(this.#writer) || indexOnce(this.#writer.db));
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
