import type { DecodingSettings, SampleResult, SuiteSpec, TokenLedger } from './evaluations.ts';
import type { ErrorReport } from './errors.ts';
import type { RunSpec } from './run-spec.ts';

/**
 * What a trainer child is asked to do, and what it says while doing it. A job names everything by path: the child never
 * opens the database. Files of rows are NDJSON of `DatasetRow` or `SuiteItem`.
 */
export interface SuiteFile extends SuiteSpec {
  itemsPath: string;
}

export interface TrainJob {
  kind: 'train';
  runId: string;
  spec: RunSpec;
  /** Folder of the policy's start (Hugging Face layout). */
  modelPath: string;
  /** Reference and pre-aligned model; the start of the policy unless told. */
  referencePath?: string;
  rewardModelPath?: string;
  trainRowsPath: string;
  guardRowsPath?: string;
  suites: SuiteFile[];
  runFolder: string;
  /** Where reference log-probs are cached across runs. */
  cacheFolder: string;
  /** Continue from the newest checkpoint in the run folder. */
  resume: boolean;
}
export interface EvaluateJob {
  kind: 'evaluate';
  modelPath: string;
  /** Needed by `pairs` for implicit rewards; absent = plain log-prob margins. */
  referencePath?: string;
  rewardModelPath?: string;
  beta?: number;
  suites: SuiteFile[];
}
export interface LedgerJob {
  kind: 'ledger';
  leftModelPath: string;
  rightModelPath: string;
  texts: { part: TokenLedger['part']; prompt: string; response: string }[];
}
export interface InterpolateJob {
  kind: 'interpolate';
  fromPath: string;
  toPath: string;
  /** 0 = from, 1 = to. */
  fraction: number;
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
/** One continuation; `score` where the job asked for a rating. */
export interface SampledOutput {
  text: string;
  tokens: number;
  score?: number;
}
export interface MergeJob {
  kind: 'merge';
  modelPath: string;
  adapterPath: string;
  outPath: string;
}
export interface EstimateJob {
  kind: 'estimate';
  spec: RunSpec;
  modelPath: string;
  rewardModelPath?: string;
  trainRowsPath: string;
}
export type TrainerJob = TrainJob | EvaluateJob | LedgerJob | InterpolateJob | SampleJob | MergeJob | EstimateJob;

/** Metrics of one optimiser step, under TRL's names (`rewards/chosen`, `logps/rejected`, `loss`, `grad_norm`, …, `guard/loss`). */
export type StepMetrics = Record<string, number>;

/** What happened to one training sample in one step; arrays run parallel to `sampleIds`. */
export interface StepSamples {
  sampleIds: string[];
  metrics: Record<string, number[]>;
}

/** Where an evaluation stands in a run. `before` is step 0. */
export interface EvaluationMark {
  suiteId: string;
  suiteName: string;
  step: number;
}

export interface BackendInfo {
  /** tensorflow-cuda | tensorflow-cpu | webgpu | wasm | cpu */
  name: string;
  device: string;
  versions: Record<string, string>;
  /** A sentence when the backend is far slower than a native one. */
  warning?: string;
}

export interface CheckpointInfo {
  step: number;
  /** Relative to the run folder. */
  path: string;
  kind: 'full' | 'adapter';
  /** File name to SHA-256, of the weights. */
  sha256: Record<string, string>;
  sizeBytes: number;
}

export interface Estimate {
  memoryBytes: number;
  secondsPerStep: number;
  steps: number;
  /** How it was had, in a sentence. */
  basis: string;
}

/** Everything a child reports. In a run these are also the lines of `events.ndjson`, each with `seq` (from 1) and `at` (ms since epoch). */
export type TrainerEventBody =
  | {
      type: 'started';
      backend: BackendInfo;
      totalSteps: number;
      resumedAtStep: number | null;
      parameters: number;
      trainable: number;
      /** SHA-256 of the files of rows as this start read them; absent where nothing is trained. */
      inputs?: { trainRows: string; guardRows?: string };
    }
  | { type: 'progress'; phase: string; done: number; total: number; etaMs: number | null }
  | {
      type: 'step';
      step: number;
      epoch: number;
      metrics: StepMetrics;
      samples: StepSamples;
      guardSamples?: StepSamples;
    }
  | { type: 'evaluation-started'; mark: EvaluationMark; items: number }
  | { type: 'evaluation-batch'; mark: EvaluationMark; results: SampleResult[] }
  | {
      type: 'evaluation-done';
      mark: EvaluationMark;
      samples: number;
      decoding: DecodingSettings | null;
      summary: Record<string, number>;
    }
  | { type: 'checkpoint'; checkpoint: CheckpointInfo }
  | { type: 'ledger'; ledgers: TokenLedger[] }
  | { type: 'samples'; promptId: string; outputs: SampledOutput[] }
  | { type: 'estimate'; estimate: Estimate }
  | { type: 'log'; level: 'info' | 'warning'; message: string }
  | { type: 'paused'; step: number }
  | { type: 'resumed'; step: number }
  | { type: 'finished'; outcome: 'completed' | 'stopped'; step: number }
  | { type: 'failed'; error: ErrorReport; step: number | null; sampleIds?: string[]; lastCheckpointStep?: number };

export type TrainerEvent = TrainerEventBody & { seq: number; at: number };

export type RunStatus =
  'queued' | 'starting' | 'running' | 'paused' | 'stopping' | 'completed' | 'stopped' | 'failed' | 'interrupted';
