import type { AskPrograms } from './builds.ts';
import type { CheckSettings } from '../shared/domain/data/check.ts';
import type { RowFilter, RowSort, RowViewHandle, VersionStep } from '../shared/domain/data/row-view.ts';
import type { ScanResult } from '../shared/domain/data/row-scan.ts';
import type { DatasetRow } from '../shared/domain/datasets.ts';
import type { GuardSetRecord, ImportRecord } from '../shared/domain/entities.ts';
import type { Nearest } from './tasks/rows-near.ts';
import type { TrainedRows } from './tasks/trained-rows.ts';
import type { SampleResult, SuiteItem } from '../shared/domain/evaluations.ts';
import type {
  ComparisonRecord,
  FlipFacets,
  FlipFilter,
  FlipRow,
  FlipSort,
  FlipView,
} from '../shared/domain/flip-view.ts';
import type { Rule } from '../shared/domain/flip-rules.ts';
import type { SetStatements } from '../shared/domain/kinds/set-statements.ts';
import type { TrainerEvent } from '../shared/domain/trainer-events.ts';
import type { PairBy } from '../shared/domain/pairing.ts';
import type { Measure } from '../shared/domain/measures.ts';
import type { DatasetHead } from './queries/datasets.ts';
import type { SuiteHead } from './queries/suites.ts';
import type { StoreReads } from './reader.ts';
import type { Remote } from './rpc.ts';
import type { ContentFault } from './tasks/check-contents.ts';
import type { NewEvaluation, Provenance, StoreWrites } from './writer.ts';

/**
 * Reads that may search. `place` is the list in a window that asks. A new request ends its earlier one unless another caller awaits it;
 * `endSearches` ends everything the place waits for. An ended search rejects with `cancelled`.
 */
export interface Searching {
  openFlipView(comparisonId: string, filter: FlipFilter, sort: FlipSort, place?: string): Promise<FlipView>;
  flipFacets(comparisonId: string, filter: FlipFilter, place?: string): Promise<FlipFacets>;
  flipVectors(comparisonId: string, filter: FlipFilter, place?: string): Promise<FlipVectors>;
  openDatasetView(datasetId: string, filter: RowFilter, sort: RowSort, place?: string): Promise<RowViewHandle>;
  endSearches(place: string): void;
}

/**
 * The store's client: every call crosses to a worker thread. Reads never wait for the writer (WAL), writes go through the
 * one writer in order. The promise of a write resolves once the transaction is on disk: what was acknowledged survives kill -9.
 *
 * Reads and writes are those of `reader.ts` and `writer.ts`; the methods declared here take more than one call to a worker.
 */
export interface Store extends Omit<Remote<StoreReads>, keyof Searching>, Searching, Remote<StoreWrites> {
  /** Absolute path of the database file. */
  readonly path: string;
  /** Called when another program wrote to the same workspace, or a background build progressed. */
  onChange(listener: (change: StoreChange) => void): () => void;
  /** Checks the file now, in a thread of its own; returns “ok” or what is wrong. Also runs by itself some seconds after opening. */
  checkIntegrity(): Promise<string>;
  /** Compares how many rows each list holds with what its record says. */
  checkContents(onProgress: (fraction: number) => void): Promise<ContentFault[]>;
  /** Resolves when nothing is left to do in the background: comparisons built, texts indexed, removed rows deleted. */
  settled(): Promise<void>;
  /** Writes the database as of one moment to one file, which works as a workspace's database wherever it is put. */
  exportWorkspace(path: string): Promise<{ sizeBytes: number }>;
  close(): Promise<void>;

  health(): Promise<{
    schemaVersion: number;
    integrity: 'checking' | 'ok' | string;
    sizeBytes: number;
    counts: Record<string, number>;
  }>;
  /** Writes all rows as NDJSON to `path` (temp file, rename) for a trainer to read. `skip` leaves out held-out row ids. */
  exportDatasetRows(datasetId: string, path: string, options?: { skip?: string[] }): Promise<{ rows: number }>;
  exportSuiteItems(suiteId: string, path: string): Promise<{ items: number }>;
  /** Places, from 0, of the rows that a version's step keeps. */
  selectDatasetRows(datasetId: string, step: VersionStep): Promise<Int32Array>;
  /** For each row, the prompt that shares most of its words. */
  nearestPrompts(datasetId: string, rows: number, prompts: string[]): Promise<Nearest>;
  /** What a run’s training did to the rows of a dataset, from all of its steps. */
  trainedRows(runId: string, datasetId: string): Promise<TrainedRows>;
  /** Ids of the rows whose prompt shares at least this part of its words with one of the prompts. */
  rowsNearPrompts(datasetId: string, prompts: string[], threshold: number): Promise<string[]>;
  /** Scans the texts of a dataset in a thread of its own; aborting the signal ends it. */
  scanDataset(
    datasetId: string,
    settings: CheckSettings,
    onProgress: (fraction: number) => void,
    signal: AbortSignal,
  ): Promise<ScanResult>;
  /** All filtered rows in order, in batches, from one read transaction of its own worker: for exports and reports. */
  streamFlips(
    comparisonId: string,
    filter: FlipFilter,
    sort: FlipSort,
    onBatch: (rows: FlipExportRow[]) => Promise<void>,
  ): Promise<void>;

  /** Every sample of an evaluation as it was taken in, in batches, from one read transaction of its own worker. */
  streamSamples(evaluationId: string, onBatch: (samples: SampleResult[]) => Promise<void>): Promise<void>;

  beginDataset(head: DatasetHead & Provenance): Promise<Ingest<DatasetRow>>;
  beginSuite(head: SuiteHead & Provenance): Promise<Ingest<SuiteItem>>;
  beginEvaluation(head: NewEvaluation & Provenance): Promise<Ingest<SampleResult>>;
  /**
   * The trainer's events of one run, in order: steps, per-sample metrics, evaluations, checkpoints, status. Idempotent by `seq`
   * (events at or below the run's `lastSeq` are skipped), so a run folder can be replayed after a crash.
   */
  appendRunEvents(runId: string, events: TrainerEvent[]): Promise<{ lastSeq: number }>;

  /** Finds or starts the comparison; it is built in the background in ranges, and `onChange` reports progress. */
  openComparison(
    leftEvaluationId: string,
    rightEvaluationId: string,
    rule: Rule,
    pairBy?: PairBy,
  ): Promise<ComparisonRecord>;
  /** Resolves when the comparison is ready. */
  buildComparison(id: string, onProgress?: (fraction: number) => void): Promise<ComparisonRecord>;
  /**
   * Resolves when the kinds of change of a ready comparison have been found by the workspace's current rules: at once if they are
   * stored already, else after reading both sides' texts in a thread of its own.
   */
  findKinds(comparisonId: string, onProgress?: (fraction: number) => void, askPrograms?: AskPrograms): Promise<void>;
  /** What the samples of a filter have in common, as statements; kinds count if they have been found. */
  setStatements(
    comparisonId: string,
    filter: FlipFilter,
    onProgress: (fraction: number) => void,
    signal: AbortSignal,
  ): Promise<SetStatements>;
  /** Sets the flakiness marks of a comparison from the A/A evaluations of the same checkpoints. */
  setNoiseFloor(comparisonId: string, leftRepeat: string | null, rightRepeat: string | null): Promise<void>;
  addGuardSet(
    set:
      | { name: string; note: string; comparisonId: string; sampleKeys: number[] }
      | { name: string; note: string; comparisonId: string; viewId: string },
  ): Promise<GuardSetRecord>;
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

/** A flip with whole texts. */
export interface FlipExportRow extends Omit<FlipRow, 'continues'> {
  /** For a preference pair, the chosen response. */
  target: string | null;
  /** For a preference pair, the rejected response; its sides have no output. */
  rejected: string | null;
  cluster: string | null;
  /** Those of `tags` that are the sample's own: known before it was answered. */
  sampleTags: string[];
  note: string;
}

export interface FlipVectors {
  kinds: Uint8Array;
  deltas: Float64Array;
  clusters: Int32Array;
  sampleKeys: Int32Array;
  /** Answers with a verdict, and how many of them are right; null if no sample was answered several times. */
  attempts: Record<'left' | 'right', { attempts: Uint32Array; right: Uint32Array }> | null;
}

/** For sampled outputs: the old score and that of the old model's second answer; one entry per pair, NaN if not known. */
export interface RepeatedVectors {
  before: Float64Array;
  again: Float64Array;
}

/** For multiple choice; one entry per pair, NaN if not known. */
export interface ChoiceVectors {
  options: Float64Array;
  left: { confidence: Float64Array; isRight: Float64Array } | null;
  right: { confidence: Float64Array; isRight: Float64Array } | null;
}

/** Rows arrive in the caller's batches and are kept apart until `commit`: one transaction per source, and nothing is shown half-done. */
export interface Ingest<Row> {
  push(rows: Row[]): Promise<void>;
  /** Shows what was pushed and returns its id. `outcome` replaces what the import's record said at the beginning. */
  commit(outcome?: IngestOutcome): Promise<string>;
  abandon(): Promise<void>;
}

/** What is known only at the end; `accepted` defaults to the number of rows pushed. */
export interface IngestOutcome {
  import?: Partial<
    Pick<ImportRecord, 'sha256' | 'tool' | 'toolVersion' | 'accepted' | 'rejected' | 'problems' | 'decisions'>
  >;
  /** Evaluations only: further means by name, as the trainer's `evaluation-done` has them. */
  summary?: Record<string, number>;
  /** Where the source was and how it was read, as JSON, so that it can be read again. */
  origin?: string;
  /** Evaluations only: what judged the samples. */
  measure?: Measure;
}

export type NewRecord<T extends { id: string; createdAt: number }> = Omit<T, 'id' | 'createdAt'> & { id?: string };
