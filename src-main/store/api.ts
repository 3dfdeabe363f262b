import type { DatasetRow } from '../shared/domain/datasets.ts';
import type {
  Annotation,
  CheckpointRecord,
  DatasetRecord,
  EvaluationRecord,
  GuardSetRecord,
  ImportRecord,
  MetricSeries,
  ModelRecord,
  ReportRecord,
  RunRecord,
  SavedFilter,
  SuiteRecord,
} from '../shared/domain/entities.ts';
import type { SampleResult, SuiteItem } from '../shared/domain/evaluations.ts';
import type {
  ComparisonRecord,
  FlipFacets,
  FlipFilter,
  FlipRow,
  FlipSort,
  FlipView,
  Neighbour,
  SampleDetail,
  TimelineMark,
  TrainingTrace,
} from '../shared/domain/flip-view.ts';
import type { Rule } from '../shared/domain/flips.ts';
import type { TrainerEvent } from '../shared/domain/jobs.ts';
import type { Joining } from './queries/joining.ts';

/**
 * The store's client: every call crosses to a worker thread. Reads never wait for the writer (WAL), writes go through the
 * one writer in order. A promise of a write resolves once the transaction is on disk: what was acknowledged survives kill -9.
 */
export interface Store extends StoreReads, StoreWrites {
  /** Absolute path of the database file. */
  readonly path: string;
  /** Another program wrote to the same workspace, or a background build moved on. */
  onChange(listener: (change: StoreChange) => void): () => void;
  /** Checks the file now, in a thread of its own; “ok”, or what is wrong. It also runs by itself some seconds after opening. */
  checkIntegrity(): Promise<string>;
  /** Resolves when nothing is left to do in the background: comparisons built, texts indexed, removed rows deleted. */
  settled(): Promise<void>;
  /** The database as of one moment, as one file that is a workspace's database again wherever it is put. */
  exportWorkspace(path: string): Promise<{ sizeBytes: number }>;
  close(): Promise<void>;
}

export interface StoreChange {
  tables: (
    | 'models'
    | 'datasets'
    | 'suites'
    | 'runs'
    | 'evaluations'
    | 'comparisons'
    | 'annotations'
    | 'guard-sets'
    | 'reports'
    | 'imports'
  )[];
  comparison?: ComparisonRecord;
}

export interface StoreReads {
  health(): Promise<{
    schemaVersion: number;
    integrity: 'checking' | 'ok' | string;
    sizeBytes: number;
    counts: Record<string, number>;
  }>;
  listModels(): Promise<ModelRecord[]>;
  listDatasets(): Promise<DatasetRecord[]>;
  listSuites(): Promise<SuiteRecord[]>;
  listRuns(): Promise<RunRecord[]>;
  getRun(id: string): Promise<RunRecord | null>;
  listCheckpoints(runId?: string): Promise<CheckpointRecord[]>;
  listEvaluations(filter?: { runId?: string; checkpointId?: string; suiteId?: string }): Promise<EvaluationRecord[]>;
  listComparisons(): Promise<ComparisonRecord[]>;
  listGuardSets(): Promise<GuardSetRecord[]>;
  listImports(): Promise<ImportRecord[]>;
  listReports(): Promise<ReportRecord[]>;
  listSavedFilters(): Promise<SavedFilter[]>;
  getSetting(key: string): Promise<string | null>;
  listSettings(): Promise<Record<string, string>>;

  /** Rows of a dataset by position: `limit` from `offset` on (positions are dense, so this is a key range, not OFFSET). */
  datasetRows(datasetId: string, offset: number, limit: number): Promise<DatasetRow[]>;
  suiteItems(suiteId: string, offset: number, limit: number): Promise<SuiteItem[]>;
  /** Writes all rows as NDJSON to `path` (temp file, rename) for a trainer to read. `skip` leaves out held-out row ids. */
  exportDatasetRows(datasetId: string, path: string, options?: { skip?: string[] }): Promise<{ rows: number }>;
  exportSuiteItems(suiteId: string, path: string): Promise<{ items: number }>;

  runMetrics(
    runId: string,
    options: { names?: string[]; fromStep?: number; toStep?: number; points: number },
  ): Promise<MetricSeries[]>;
  runEvents(runId: string, afterSeq: number, limit: number): Promise<TrainerEvent[]>;

  getComparison(id: string): Promise<ComparisonRecord | null>;
  openFlipView(comparisonId: string, filter: FlipFilter, sort: FlipSort): Promise<FlipView>;
  flipWindow(viewId: string, offset: number, limit: number): Promise<FlipRow[]>;
  /** Position of a sample in a view, or null: keeps the selection through filtering. */
  flipPosition(viewId: string, sampleKey: number): Promise<number | null>;
  closeFlipView(viewId: string): Promise<void>;
  flipFacets(comparisonId: string, filter: FlipFilter): Promise<FlipFacets>;
  /** What statistics need of the filtered pairs, as typed arrays: kinds by index into `flipKinds`, deltas (NaN = none), cluster numbers (0 = none). */
  flipVectors(comparisonId: string, filter: FlipFilter): Promise<FlipVectors>;
  /** Slice name → counts of kinds, for every slice of the comparison. */
  sliceCounts(comparisonId: string): Promise<{ slice: string; counts: Record<string, number> }[]>;
  sampleDetail(comparisonId: string, sampleKey: number): Promise<SampleDetail | null>;
  sampleTimeline(sampleKey: number): Promise<TimelineMark[]>;
  trainingTrace(sampleKey: number): Promise<TrainingTrace[]>;
  neighbours(comparisonId: string, sampleKey: number, limit: number): Promise<Neighbour[]>;
  /** All filtered rows in order, in batches, from one read transaction of its own worker: for exports and reports. */
  streamFlips(
    comparisonId: string,
    filter: FlipFilter,
    sort: FlipSort,
    onBatch: (rows: FlipExportRow[]) => Promise<void>,
  ): Promise<void>;
  annotations(comparisonId: string): Promise<Annotation[]>;
  /** How the sample's texts were joined when they were scored; null where either is not in the workspace. */
  joiningOf(evaluationId: string, sampleKey: number): Promise<Joining | null>;
  guardSetRows(guardSetId: string): Promise<DatasetRow[]>;
  guardSetSampleKeys(guardSetId: string): Promise<number[]>;
}

/** A flip with whole texts. */
export interface FlipExportRow extends FlipRow {
  target: string | null;
  cluster: string | null;
  note: string;
}

export interface FlipVectors {
  kinds: Uint8Array;
  deltas: Float64Array;
  clusters: Int32Array;
  sampleKeys: Int32Array;
}

/** Rows arrive in the caller's batches and are kept apart until `commit`: one transaction a source, nothing half-shown. */
export interface Ingest<Row> {
  push(rows: Row[]): Promise<void>;
  /** Shows what was pushed and answers its id. `outcome` replaces what the import's record said at the beginning. */
  commit(outcome?: IngestOutcome): Promise<string>;
  abandon(): Promise<void>;
}

/** What is known only at the end; `accepted` is the number of rows pushed unless told. */
export interface IngestOutcome {
  import?: Partial<Pick<ImportRecord, 'sha256' | 'tool' | 'toolVersion' | 'accepted' | 'rejected' | 'problems'>>;
  /** Evaluations only: further means by name, as the trainer's `evaluation-done` has them. */
  summary?: Record<string, number>;
}

export type NewRecord<T extends { id: string; createdAt: number }> = Omit<T, 'id' | 'createdAt'> & { id?: string };

export interface StoreWrites {
  addModel(model: NewRecord<ModelRecord>): Promise<ModelRecord>;
  removeModel(id: string): Promise<void>;
  beginDataset(head: {
    name: string;
    kind: DatasetRecord['kind'];
    import: NewRecord<ImportRecord> | null;
  }): Promise<Ingest<DatasetRow>>;
  beginSuite(
    head: Omit<NewRecord<SuiteRecord>, 'items' | 'sha256' | 'importId'> & { import: NewRecord<ImportRecord> | null },
  ): Promise<Ingest<SuiteItem>>;
  beginEvaluation(head: {
    name: string;
    suiteId: string | null;
    suiteName: string;
    modelId: string | null;
    runId: string | null;
    checkpointId: string | null;
    step: number | null;
    decoding: EvaluationRecord['decoding'];
    import: NewRecord<ImportRecord> | null;
  }): Promise<Ingest<SampleResult>>;
  /** Marks an import undone and removes what it brought, unless something depends on it (then `conflict`, named). */
  undoImport(importId: string): Promise<void>;

  addRun(
    run: Omit<NewRecord<RunRecord>, 'lastSeq' | 'step' | 'backend' | 'error' | 'startedAt' | 'endedAt'>,
  ): Promise<RunRecord>;
  updateRun(
    id: string,
    change: Partial<Pick<RunRecord, 'status' | 'error' | 'tags' | 'note' | 'name' | 'endedAt'>>,
  ): Promise<RunRecord>;
  removeRun(id: string): Promise<void>;
  /**
   * The trainer's events of one run, in order: steps, per-sample metrics, evaluations, checkpoints, status. Idempotent by `seq`
   * (events at or below the run's `lastSeq` are skipped), so a run folder can be replayed after a crash.
   */
  appendRunEvents(runId: string, events: TrainerEvent[]): Promise<{ lastSeq: number }>;

  /** Finds or starts the comparison; it is built in the background in ranges, progress comes by `onChange`. */
  openComparison(leftEvaluationId: string, rightEvaluationId: string, rule: Rule): Promise<ComparisonRecord>;
  /** Resolves when the comparison is ready. */
  buildComparison(id: string, onProgress?: (fraction: number) => void): Promise<ComparisonRecord>;
  removeComparison(id: string): Promise<void>;
  removeEvaluation(id: string): Promise<void>;
  annotate(
    comparisonId: string,
    sampleKeys: number[],
    change: Partial<Omit<Annotation, 'comparisonId' | 'sampleKey' | 'changedAt'>>,
  ): Promise<{ undoToken: string }>;
  undoAnnotation(undoToken: string): Promise<void>;
  /** Sets the flakiness marks of a comparison from the A/A evaluations of the same checkpoints. */
  setNoiseFloor(comparisonId: string, leftRepeat: string | null, rightRepeat: string | null): Promise<void>;
  addGuardSet(
    set:
      | { name: string; note: string; comparisonId: string; sampleKeys: number[] }
      | { name: string; note: string; comparisonId: string; viewId: string },
  ): Promise<GuardSetRecord>;
  removeGuardSet(id: string): Promise<void>;
  saveFilter(name: string, query: string): Promise<SavedFilter>;
  removeFilter(id: string): Promise<void>;
  addReport(report: NewRecord<ReportRecord>): Promise<ReportRecord>;
  setSetting(key: string, value: string): Promise<void>;
  tagSamples(sampleKeys: number[], tag: string, on: boolean): Promise<void>;
}
