import { z } from 'zod';

/** What a benchmark trains: a folder, or random weights of a config.json's shape. */
export type BenchmarkModel =
  { kind: 'folder'; name: string; path: string } | { kind: 'shape'; name: string; config: Record<string, unknown> };

export const benchmarkWorks = ['full', 'lora', 'decoding'] as const;
/** A DPO step on all weights, one on an adapter, or greedy decoding with the cache. */
export type BenchmarkWork = (typeof benchmarkWorks)[number];

/** How much of it: the same for every program that is measured. */
export interface BenchmarkLoad {
  /** Preference pairs a step. */
  pairs: number;
  /** Tokens of a prompt, and of a response at most: the shortest has half of it. */
  promptTokens: number;
  responseTokens: number;
  /** Batches that alternate; each is met once before anything is timed. */
  batches: number;
  /** Steps that are timed. */
  steps: number;
  /** Prompts decoded together, and new tokens of each. */
  rows: number;
  newTokens: number;
  /** Rows and columns that the matrices may have whose product says what the device can do. */
  product: number;
}

/** Loads by what computes. */
export const benchmarkLoads = {
  gpu: {
    ...{ pairs: 8, promptTokens: 128, responseTokens: 384, batches: 2, steps: 8 },
    ...{ rows: 32, newTokens: 128, product: 8192 },
  },
  tiny: {
    ...{ pairs: 4, promptTokens: 16, responseTokens: 32, batches: 2, steps: 4 },
    ...{ rows: 8, newTokens: 48, product: 1024 },
  },
} as const satisfies Record<string, BenchmarkLoad>;

/** Token ids of one preference pair; the prompt is part of neither response. */
export interface BenchmarkPair {
  prompt: number[];
  chosen: number[];
  rejected: number[];
}

const positive = z.number().positive();

/** Tokens of a step, on average over the batches. As TRL counts them: the prompt once for each response. */
export function tokensOfStep(pairs: readonly BenchmarkPair[], { batches }: Pick<BenchmarkLoad, 'batches'>): number {
  const tokens = pairs.map(({ prompt, chosen, rejected }) => 2 * prompt.length + chosen.length + rejected.length);
  return tokens.reduce((sum, count) => sum + count, 0) / batches;
}

/** Of at least one number. */
export function medianOf(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}

/** What a trainer child measured. */
export const benchmarkMeasureSchema = z.strictObject({
  backend: z.string(),
  device: z.string(),
  versions: z.record(z.string(), z.string()),
  parameters: z.number(),
  trained: z.number(),
  precision: z.enum(['float32', 'bf16']),
  checkpointing: z.boolean(),
  /** Functions that were compiled for it; 0 where every operation runs on its own. */
  compiled: z.number(),
  /** Before anything is timed: loading, tracing, first use. */
  firstSeconds: z.number(),
  /** Median of a step, or of all that was decoded. */
  seconds: positive,
  processorSeconds: z.number(),
  /** Tokens of prompts and responses in a step, or new tokens of a decoding. */
  tokens: positive,
  /** Floating-point operations that the work takes at least, by the model's sizes. */
  operations: positive,
  /** The device's rate of matrix products in this process and precision, in operations a second. */
  productRate: positive,
  /** Rows and columns of its matrices. */
  productSize: positive,
  /** The greatest error of a product against the same in double precision, relative to its largest entry. */
  productError: z.number(),
  /** The most memory it held; `of` says whose: this process's, or all that is taken of the GPU. */
  memory: z.strictObject({ bytes: positive, of: z.enum(['process', 'device']) }).nullable(),
});
export type BenchmarkMeasure = z.output<typeof benchmarkMeasureSchema>;

/** What PyTorch's side answers in the same units. */
export const torchMeasureSchema = z.object({
  versions: z.record(z.string(), z.string()),
  device: z.string(),
  precision: z.enum(['float32', 'bf16']),
  seconds: positive,
  processorSeconds: z.number(),
  tokens: positive,
  memoryBytes: positive.nullable(),
});
export type TorchMeasure = z.output<typeof torchMeasureSchema>;

/** One line of the table: a model, a kind of work, and what came of it in both programs. */
export interface BenchmarkLine {
  model: string;
  work: BenchmarkWork;
  own: BenchmarkMeasure | { failed: string };
  /** Null where no Python with TRL is named. */
  torch: TorchMeasure | { failed: string } | null;
}
