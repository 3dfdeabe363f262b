import type { BenchmarkLoad, BenchmarkModel, BenchmarkPair, BenchmarkWork } from './benchmark.ts';
import type { DecodingSettings, SuiteSpec, TokenLedger } from './evaluations.ts';
import type { MergeMethod, MergePart } from './merging.ts';
import type { RunSpec } from './run-spec.ts';
import type { ServedModel } from './serving.ts';

/**
 * What a trainer child is asked to do, and what it says while doing it. A job names everything by path: the child never
 * opens the database. Files of rows are NDJSON of `DatasetRow` or `SuiteItem`.
 */
export interface SuiteFile extends SuiteSpec {
  itemsPath: string;
}

/** Where the weights of a model are: a folder of whole weights, and the adapter of PEFT on them where it is not merged. */
export interface WeightsPlace {
  readonly path: string;
  readonly adapterPath?: string;
}

export interface TrainJob {
  kind: 'train';
  runId: string;
  spec: RunSpec;
  /** Folder of the policy's start (Hugging Face layout). */
  modelPath: string;
  /** Reference and pre-aligned model; by default the start of the policy. */
  referencePath?: string;
  rewardModelPath?: string;
  trainRowsPath: string;
  /** Of a mixture: its datasets. Ids of rows begin with the dataset's; `weight` is how often a row is seen in one pass. */
  trainSources?: { datasetId: string; name: string; weight: number }[];
  guardRowsPath?: string;
  /** Whose texts a flip hinge reads. */
  guardSuite?: SuiteFile;
  suites: SuiteFile[];
  runFolder: string;
  /** Where reference log-probs are cached across runs. */
  cacheFolder: string;
  /** Where evaluations before training are kept for runs that begin with the same weights; by default each makes its own. */
  keptFolder?: string;
  /** Continue from the newest checkpoint in the run folder, or from the one that the record names. */
  resume: boolean;
  /**
   * What the store has of the run: the last event's `seq`, and the step of the checkpoint to continue from; null starts over. Without it
   * the folder's own events say which checkpoints were announced.
   */
  record?: { lastSeq: number; checkpoint: number | null };
}
export interface EvaluateJob {
  kind: 'evaluate';
  modelPath: string;
  /** The weights are made at `modelPath` first. */
  merged?: Omit<MergeModelsJob, 'kind' | 'outPath'>;
  /** An adapter on the model, which another part of the job needs as it is. */
  adapterPath?: string;
  /** Needed by `pairs` for implicit rewards; absent = plain log-prob margins. */
  referencePath?: string;
  rewardModelPath?: string;
  beta?: number;
  /** These `generate` suites also tell the KL of those weights to the model (`kl/pre`). */
  old?: WeightsPlace & { suiteIds: string[] };
  suites: SuiteFile[];
  /** Where what is computed once is kept across jobs: the old weights' answers. */
  cacheFolder?: string;
  /** A model behind a server: answers are kept here until the evaluation is stored, so that a second try continues. */
  journalPath?: string;
}
export interface LedgerJob {
  kind: 'ledger';
  left: WeightsPlace;
  right: WeightsPlace;
  texts: { part: TokenLedger['part']; prompt: string; response: string }[];
}
/** A model of several others, weight by weight. */
export interface MergeModelsJob {
  kind: 'merge-models';
  method: MergeMethod;
  basePath: string;
  models: { path: string; weight: number }[];
  /** 0 = the base, 1 = what the models make together. */
  fraction: number;
  parts: MergePart[];
  outPath: string;
}
/** Sample continuations of prompts (demo data, pre-samples, A/A floors). Answers with `samples` events. */
export interface SampleJob {
  kind: 'sample';
  modelPath: string;
  prompts: { id: string; prompt: string }[];
  samplesPerPrompt: number;
  /** Rates every output by this lexicon, as `score`. */
  lexicon?: 'afinn';
  decoding: DecodingSettings;
}
export interface MergeJob {
  kind: 'merge';
  modelPath: string;
  adapterPath: string;
  outPath: string;
  /** An adapter of another tool's making, in all forms that PEFT writes. */
  foreign?: boolean;
}
export interface EstimateJob {
  kind: 'estimate';
  spec: RunSpec;
  modelPath: string;
  rewardModelPath?: string;
  trainRowsPath: string;
  trainSources?: TrainJob['trainSources'];
  guardSuite?: SuiteFile;
}
/** Scores every pair of a file by CHES under a model; sends `row-scores` events. */
export interface ChesJob {
  kind: 'ches';
  modelPath: string;
  rowsPath: string;
  maxLength: number;
}
/** How much a reference prefers the rejected response of every pair of a file; sends `row-scores` events. */
export interface MarginsJob {
  kind: 'margins';
  modelPath: string;
  rowsPath: string;
  maxLength: number;
  /** Where reference log-probs are cached across runs. */
  cacheFolder: string;
}
/** How far a step on each pair of a file lowers the answers of another file, by gradients; sends `row-scores` events. */
export interface GradientProductsJob {
  kind: 'gradient-products';
  modelPath: string;
  rowsPath: string;
  /** Rows of kind `completion`: prompts with the answers that were right before. */
  flipsPath: string;
  maxLength: number;
}
/** Answers questions until it is stopped: `ask` commands bring them, `answer` events the answers. */
export interface ServeJob {
  kind: 'serve';
  models: ServedModel[];
}
/** Measures one kind of work on one model; says so in one `benchmark` event. It touches no workspace. */
export interface BenchmarkJob {
  kind: 'benchmark';
  model: BenchmarkModel;
  work: BenchmarkWork;
  load: BenchmarkLoad;
  pairs: BenchmarkPair[];
}
export type TrainerJob =
  | TrainJob
  | EvaluateJob
  | LedgerJob
  | MergeModelsJob
  | SampleJob
  | MergeJob
  | EstimateJob
  | ChesJob
  | MarginsJob
  | GradientProductsJob
  | ServeJob
  | BenchmarkJob;

export type RunStatus =
  'queued' | 'starting' | 'running' | 'paused' | 'stopping' | 'finished' | 'stopped' | 'failed' | 'interrupted';
