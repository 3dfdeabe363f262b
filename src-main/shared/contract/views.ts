// Over 300 lines: one list of what the channels carry, to be searched as one.
import type { Site, SiteReport } from '../domain/sites.ts';
import type { Estimate } from '../domain/trainer-events.ts';
import type { FoundKind } from '../domain/found-things.ts';
import type { Consent, ErrorReport } from '../domain/errors.ts';
import type { ImportRecord, RunRecord } from '../domain/entities.ts';
import type { Rule } from '../domain/flip-rules.ts';
import type { ComparisonSummary } from '../domain/statistics/comparison-summary.ts';
import type { OutputFloor } from '../domain/statistics/output-floor.ts';
import type { ReportMethodTable, ReportModel } from '../domain/reports/report-model.ts';

/** Answers that exist only on the contract: what the workbench composes from store, trainer and files. */

/** Long work of the main side: import, comparison, report, evaluation, demo. Runs have their own record next to it. */
export interface Job {
  id: string;
  kind:
    | 'import'
    | 'evaluation'
    | 'comparison'
    | 'report'
    | 'demo'
    | 'ledger'
    | 'fetch-model'
    | 'dataset-check'
    | 'dataset-version'
    | 'export'
    | 'merge'
    | 'interpolation'
    | 'findings'
    | 'frontier'
    | 'flip-meter'
    | 'suspects'
    | 'mitigation'
    | 'slice-search'
    | 'site-doctor'
    | 'connect'
    | 'set-up'
    | 'kinds'
    | 'flip-set'
    | 'statements'
    | 'judge'
    | 'pair-plan'
    | 'watch'
    | 'prompt';
  title: string;
  state: 'running' | 'done' | 'failed' | 'cancelled';
  phase: string;
  /** 0…1, or null when the end is not known. */
  fraction: number | null;
  etaMs: number | null;
  startedAt: number;
  endedAt: number | null;
  error: ErrorReport | null;
  /** What came of it: ids by kind (`evaluationId`, `comparisonId`, `reportId`, `runIds` joined by commas …). */
  result: Record<string, string>;
}

/** Jobs that the place which asked for them shows: nobody else is told of their end. */
export const shownInPlace: ReadonlySet<Job['kind']> = new Set([
  'findings',
  'frontier',
  'flip-meter',
  'suspects',
  'mitigation',
  'slice-search',
  'kinds',
  'flip-set',
  'statements',
  'ledger',
  'pair-plan',
  'prompt',
] satisfies Job['kind'][]);

/**
 * What a channel returns that works something out: its value where that took no longer than a person notices, else the job that
 * works on it. When that is done, `jobs.value` has the value; who no longer wants it says so to `jobs.leave`.
 */
export type Computed<T> = { state: 'done'; value: T } | { state: 'running'; jobId: string };

export interface BackendDiagnosis {
  selected: string | null;
  device: string | null;
  warning: string | null;
  backends: { name: string; available: boolean; detail: string }[];
  versions: Record<string, string>;
}
export interface Doctor {
  backend: BackendDiagnosis;
  workspace: { path: string; schemaVersion: number; integrity: string; sizeBytes: number; freeBytes: number };
  machine: { cpus: number; memoryBytes: number; platform: string; node: string };
  problems: { message: string; remedy: string }[];
}

/** A way in which TensorFlow's library could be had. */
export interface SetUpOffer {
  source: 'official' | 'wheel';
  flavour: 'cpu' | 'cuda';
  label: string;
  /** Where it comes from: a host's name, or words. */
  from: string;
  /** What is downloaded; null where nobody says. */
  bytes: number | null;
  /** Of these are here from an attempt that broke off. */
  hereBytes: number;
  /** Whether `bytes` is what the host says, and not what was measured once. */
  exact: boolean;
}

export interface SetUpState {
  /** The library in use. */
  ready: { tensorflow: string; gpu: boolean; origin: string } | null;
  offers: SetUpOffer[];
  /** Why others of its ways are none here. */
  missed: string[];
  /** The set-up that is at work. */
  jobId: string | null;
  /** Whether the shell has a dialog in which a folder of one's own can be named. */
  folder: boolean;
}

export interface WorkspaceSummary {
  workspaceName: string;
  version: string;
  shell: 'electron' | 'web';
  counts: { models: number; datasets: number; suites: number; runs: number; evaluations: number; comparisons: number };
  running: RunRecord[];
  /** What needs attention: interrupted or failed runs, missing files, corrupt data. */
  attention: { message: string; remedy: string; route: string }[];
  recent: { kind: 'run' | 'comparison' | 'report' | 'import'; id: string; title: string; at: number; route: string }[];
}

export interface FolderListing {
  handle: string;
  /** For showing only. */
  label: string;
  parent: string | null;
  entries: {
    handle: string;
    name: string;
    kind: 'file' | 'folder';
    sizeBytes: number | null;
    modifiedAt: number | null;
  }[];
}

/** What is in files that were handed over: one thing, or why it is none. */
export interface FoundThing {
  handle: string;
  kind: FoundKind;
  /** Its name, or its path below what was handed over. */
  label: string;
  format: string | null;
  /** By what it was known, or why it cannot be taken. */
  reason: string;
  remedy: string | null;
  files: number;
  sizeBytes: number;
}

/** A model or an adapter of the Hub's cache, to be imported by its name. */
export interface OfferedModel {
  handle: string;
  kind: 'model' | 'adapter';
  repository: string;
  commit: string;
  /** Branches and tags that stood for the commit, `main` first. */
  revisions: string[];
  /** Of its weights. */
  sizeBytes: number;
  /** What the workspace calls it, where it was imported before. */
  knownAs: string | null;
}

export interface ImportPreview {
  previewId: string;
  fileName: string;
  sizeBytes: number;
  target: ImportRecord['target'];
  format: string;
  /** Other formats that would read it. */
  alternatives: string[];
  /** A free name to offer: the model's where the source knows it. */
  name: string;
  /** The evaluations that it holds, with what judged each. */
  parts: { model: string | null; task: string | null; rows: number; judged: string }[];
  /** The measure that is taken where the source has several, and all there are. */
  variant: string | null;
  variants: string[];
  /** Sentences on what is left out, replaced or assumed. */
  notes: string[];
  columns: string[];
  mapping: Record<string, string>;
  rows: Record<string, unknown>[];
  scanned: number;
  fitting: number;
  complete: boolean;
  problems: { reason: string; message: string; count: number; firstLines: number[] }[];
  /** Of an adapter, which needs a model of the workspace to sit on: the model that it names itself. */
  adapter: { base: string | null } | null;
}

/** One fault of a spec, by path; `line` and `column` when it came as YAML. */
export interface SpecIssue {
  path: string;
  message: string;
  line?: number;
  column?: number;
  /** Allowed by a person, it would be no issue. */
  consent?: Consent;
}
export interface SpecCheck {
  ok: boolean;
  issues: SpecIssue[];
  /** Allowed, and far from usual: said before the start, which they do not keep from. */
  warnings: SpecIssue[];
  /** The completed spec as YAML; null while there are issues. */
  yaml: string | null;
  /** Changed paths against the parent run. */
  difference: { path: string; from: unknown; to: unknown }[] | null;
  estimate: Estimate | null;
}

/** Compare's headline; the JSON document that `compare --json` prints. Built in shared/domain/statistics. */
export type { ComparisonSummary } from '../domain/statistics/comparison-summary.ts';

/** What a comparison rests on, in words, and what can be changed about it. */
export interface ComparisonBasis {
  measure: ComparisonSummary['measure'] | null;
  pairing: ComparisonSummary['pairing'] | null;
  /** Variants by which both sides can be judged alike, where they are judged differently. */
  choices: string[];
  /** Fields of the records that both sides have: what can be paired by. */
  fields: string[];
  /** What the imports said of either side: left out, replaced, assumed. */
  notes: { left: string[]; right: string[] };
}

/** A report read back from its file. */
export interface OpenedReport {
  fileName: string;
  report: ReportModel;
}

/** A rate with its interval; `clusters` where that accounts for groups of samples. */
export interface PointRate {
  value: number;
  low: number;
  high: number;
  clusters?: number;
}

export interface FrontierPoint {
  evaluationId: string;
  runId: string | null;
  /** Of interpolated weights: the run whose path they are on, where that is known. */
  pathOf: string | null;
  runName: string;
  method: string;
  step: number | null;
  seed: number | null;
  checkpointId: string | null;
  /** Reward or win rate by name, KL to the pre-aligned model, NFR with its interval against the base. */
  reward: number | null;
  kl: number | null;
  accuracy: number | null;
  nfr: PointRate | null;
  pfr: PointRate | null;
  /** What the rates were counted from. */
  counts: { negative: number; positive: number; n: number } | null;
  /** Of sampled `outputs`: how many two samplings of the base make worse (A/A). Null where it was not sampled twice. */
  floor: OutputFloor | null;
}

export interface MatrixRow {
  runId: string | null;
  runName: string;
  checkpointId: string | null;
  step: number | null;
  evaluationIds: Record<string, string>;
  /** Column (suite · metric) → value. */
  cells: Record<string, number | null>;
}
export interface Matrix {
  columns: { key: string; suite: string; metric: string; better: 'higher' | 'lower' }[];
  rows: MatrixRow[];
}

/** What was found, to be read before anything else: of the newest work of the workspace, or of a run. */
export interface Findings {
  /** “Quick demo: a small model taught to be cheerful”, “DPO and 3 more runs”. */
  title: string;
  /** What it set out to learn, where it did. */
  question: string | null;
  sentences: string[];
  /** What `table` says, in sentences. */
  details: string[];
  /** Methods along their paths, and what became of their outputs; null where neither was measured. */
  table: FoundTable | null;
  /** Methods where each has gained the same reward. Null where there are not two of them. */
  matched: ReportMethodTable | null;
  /** What the picture shows, by the suite the sentences speak of; empty where there is nothing to set against each other. */
  suiteName: string | null;
  points: FrontierPoint[];
  next: { label: string; route: string }[];
  /** It is what a demo came to, which can be started again. */
  demo: boolean;
}

/** A table in words and figures; heads that begin with `#` are of figures. */
export interface FoundTable {
  caption: string;
  heads: string[];
  rows: string[][];
  notes: string[];
}

/** One point of the flip meter: an evaluation of a run against the same suite before training. */
export interface FlipMeterPoint {
  suiteName: string;
  step: number;
  evaluationId: string;
  baseEvaluationId: string;
  /** By which the flips were counted: of pairs, whose verdicts before training are all ties, any fall of the margin. */
  rule: Rule;
  n: number;
  negative: number;
  positive: number;
  nfr: PointRate;
  pfr: PointRate;
  /** Of sampled `outputs`: how many two samplings of the model before training make worse (A/A); else null. */
  floor: OutputFloor | null;
}

/** What became of a guard set's samples in a later run. */
export interface MitigationLedger {
  guardSet: string;
  suiteName: string;
  baseEvaluationId: string;
  unguardedEvaluationId: string | null;
  guardedEvaluationId: string;
  repaired: number;
  stillBroken: number;
  newlyBroken: number;
  /** What is judged continues the prompts: of one that is cut, the end counts. */
  continues: boolean;
  rows: {
    sampleKey: number;
    sampleId: string;
    prompt: string;
    outcome: 'repaired' | 'still-broken' | 'newly-broken' | 'kept';
  }[];
}

/** A site with what a doctor last saw of it. */
export interface SiteView {
  /** Its name. */
  id: string;
  site: Site;
  /** Null until a doctor has looked, since the workbench was opened. */
  report: SiteReport | null;
  reportAt: number | null;
}
