import type { DatasetKind } from './datasets.ts';
import type { VersionRecipe } from './data/row-view.ts';
import type { DecodingSettings, SuiteKind, SuiteSpec, Verdict } from './evaluations.ts';
import type { ErrorReport } from './errors.ts';
import type { Id } from './ids.ts';
import type { ReportFormat } from './reports/report-formats.ts';
import type { RunStatus } from './jobs.ts';
import type { BackendInfo } from './trainer-events.ts';
import type { Measure } from './measures.ts';
import type { MergeRecipe } from './merging.ts';
import type { RunOrigin } from './run-origin.ts';
import type { RunSpec } from './run-spec.ts';

/** What the store keeps, as every other room sees it. Times are ms since epoch, sizes bytes, ids opaque text. */

/** Where on the Hub something came from: a name there, the revision that was asked for, and the commit it stood for. */
export interface HubSource {
  repository: string;
  revision: string;
  commit: string;
  /** As the repository names it. */
  licence?: string;
}

export interface ModelRecord {
  id: Id<'model'>;
  name: string;
  path: string;
  family: string;
  parameters: number;
  sizeBytes: number;
  /** SHA-256 over the names and hashes of the weight files. */
  sha256: string;
  /** interpolated: between a model and one other; merged: made of models in any other way. */
  origin: 'imported' | 'demo' | 'interpolated' | 'merged' | 'exported';
  /** Where it came from on the Hub, if it did. */
  source?: HubSource;
  /** The model that an adapter sits on; whole weights have none. */
  baseId?: Id<'model'>;
  /** Of a model made of others: how. Those of before recipes were kept have none. */
  recipe?: MergeRecipe;
  createdAt: number;
  /** The folder is gone or its hash differs. */
  state: 'present' | 'missing' | 'changed';
}

export interface DatasetRecord {
  id: Id<'dataset'>;
  name: string;
  kind: DatasetKind;
  rows: number;
  sha256: string;
  importId: Id<'import'> | null;
  createdAt: number;
  /** Lengths in characters, for the preview's statistics. */
  statistics: Record<string, { min: number; median: number; max: number }>;
  /** Of a version: the dataset it was made of (it may have been deleted since), and how. */
  parentId?: Id<'dataset'>;
  recipe?: VersionRecipe;
  /** As the source names it. */
  licence?: string;
}

export interface SuiteRecord extends SuiteSpec {
  items: number;
  sha256: string;
  origin: 'imported' | 'held-out' | 'demo';
  importId: Id<'import'> | null;
  createdAt: number;
}

export interface RunRecord {
  id: Id<'run'>;
  name: string;
  status: RunStatus;
  spec: RunSpec;
  modelId: Id<'model'>;
  datasetId: Id<'dataset'>;
  guardSetId: Id<'guard set'> | null;
  parentRunId: Id<'run'> | null;
  relation: 'relaunch' | 'resume' | 'sweep' | null;
  /** Runs of one sweep share it. */
  sweepId: Id<'sweep'> | null;
  folder: string;
  backend: BackendInfo | null;
  step: number;
  totalSteps: number | null;
  error: ErrorReport | null;
  createdAt: number;
  startedAt: number | null;
  endedAt: number | null;
  /** Newest event the store has; the snapshot-and-tail cursor. */
  lastSeq: number;
  tags: string[];
  note: string;
  /** Who trained it, when it was not this workspace; its spec then only describes it. */
  origin?: RunOrigin | null;
}

export interface CheckpointRecord {
  id: Id<'checkpoint'>;
  runId: Id<'run'>;
  step: number;
  /** Folder of the weights, relative to the workspace unless absolute. */
  path: string;
  kind: 'full' | 'adapter';
  sizeBytes: number;
  sha256: string;
  state: 'present' | 'missing' | 'changed';
  createdAt: number;
}

export interface EvaluationRecord {
  id: Id<'evaluation'>;
  name: string;
  suiteId: Id<'suite'> | null;
  suiteName: string;
  suiteKind: SuiteKind | null;
  runId: Id<'run'> | null;
  checkpointId: Id<'checkpoint'> | null;
  modelId: Id<'model'> | null;
  /** Optimiser step of the run, 0 = before training. */
  step: number | null;
  samples: number;
  right: number;
  wrong: number;
  tie: number;
  missing: number;
  meanScore: number | null;
  /** Further means by name (reward, kl/pre …). */
  summary: Record<string, number>;
  decoding: DecodingSettings | null;
  /** What judged the samples; null where it is not known (evaluations of earlier versions). */
  measure?: Measure | null;
  importId: Id<'import'> | null;
  createdAt: number;
}

export interface ImportRecord {
  id: Id<'import'>;
  target: 'model' | 'dataset' | 'evaluation' | 'suite' | 'run' | 'report';
  name: string;
  /** File name only; the path stays on the main side. */
  source: string;
  sha256: string;
  tool: string;
  toolVersion: string | null;
  accepted: number;
  rejected: number;
  /** Reason → count and the first line numbers. */
  problems: { reason: string; count: number; firstLines: number[]; message?: string }[];
  /** Sentences: the fields taken, where ids come from, which file names the licence. Empty for imports of before. */
  decisions?: string[];
  createdAt: number;
  undoneAt: number | null;
}

export interface GuardSetRecord {
  id: Id<'guard set'>;
  name: string;
  samples: number;
  comparisonId: Id<'comparison'> | null;
  createdAt: number;
  note: string;
  /** Chosen samples that had neither an output nor a target to hold on to. */
  skipped?: number;
}

export interface SavedFilter {
  id: Id<'filter'>;
  name: string;
  /** The browser's state as the URL carries it. */
  query: string;
  createdAt: number;
}

export interface ReportRecord {
  id: Id<'report'>;
  title: string;
  format: ReportFormat;
  subject:
    | { kind: 'comparison'; comparisonId: string }
    | { kind: 'run'; runId: string }
    | { kind: 'runs'; runIds: string[] }
    | { kind: 'study'; studyId: string };
  fileName: string;
  sizeBytes: number;
  createdAt: number;
}

/** A person's judgement of one flip. Who is not recorded, when is. */
export interface Annotation {
  comparisonId: string;
  sampleKey: number;
  /** Index 1–6 into the workspace's taxonomy. */
  label: number | null;
  note: string;
  /** Overrides, kept next to the original verdicts. */
  leftVerdict: Verdict | null;
  rightVerdict: Verdict | null;
  reviewed: boolean;
  changedAt: number;
}

/** What a run saw of one dataset of its mixture. */
export interface RunSource {
  /** Its id, or the name in the spec where no such dataset is in the workspace. */
  datasetId: string;
  name: string;
  weight: number;
  rowsSeen: number;
  /** Rows times how often each was used. */
  samplesSeen: number;
  /** Of all samples that were seen; null before the first step. */
  share: number | null;
  /** Means over its samples in each step that had some. */
  series: MetricSeries[];
}

/** A point of a run's curve after down-sampling: extremes are kept. */
export interface MetricSeries {
  name: string;
  steps: number[];
  values: (number | null)[];
}
