import type { Scalar, Tensor, Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';

/**
 * What the engine needs from outside, passed in so that it stays pure: files, randomness, time, raw kernels.
 */

/** A folder, read by name relative to it. Missing files reject. */
export interface FolderReader {
  /** File names directly in the folder. */
  list(): Promise<string[]>;
  readText(name: string): Promise<string>;
  /** `length` bytes from `offset`; whole file when both are left out. */
  readBytes(name: string, offset?: number, length?: number): Promise<Uint8Array>;
  /** For messages only. */
  readonly label: string;
}

/** A folder being written. Nothing is visible under its final name before `commit` (temp folder, flush, rename). */
export interface FolderWriter {
  writeText(name: string, text: string): Promise<void>;
  /** Chunks are appended in order; returns the SHA-256 in hex. */
  writeBytes(name: string, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<string>;
  commit(): Promise<void>;
  abandon(): Promise<void>;
}

/** A seeded stream of uniform numbers in [0, 1); `state` restores it exactly. */
export interface RandomStream {
  next(): number;
  state(): number[];
}

/** Faster kernels that some backends have; everything works without them. */
export interface NativeOps {
  /** logits [n, vocab], labels int32 [n] → loss [n] in nats and its gradient by the logits [n, vocab]. */
  sparseSoftmaxCrossEntropy?(logits: Tensor2D, labels: Tensor1D): { loss: Tensor1D; grad: Tensor2D };
  /** logits [n, vocab], probabilities [n, vocab] that sum to 1 → cross-entropy [n] in nats and its gradient by the logits. */
  softmaxCrossEntropy?(logits: Tensor2D, probabilities: Tensor2D): { loss: Tensor1D; grad: Tensor2D };
  /** Σ x² over all elements in one pass, for gradient norms. */
  sumOfSquares?(x: Tensor): Scalar;
  /** Numbers in [0, 1) from a seed, int32 [2]. */
  uniform?(shape: readonly number[], seed: Tensor1D): Tensor;
  /** x, but computed only after `before`: compiled passes have no other way to order their work. */
  after?<T extends Tensor>(x: T, before: Tensor): T;
  /** bfloat16, where the backend has it. */
  half?: HalfPrecision;
  /** Adam's state of one parameter, updated in place. */
  adamSlot?(parameter: Variable): AdamSlot;
  /** Updates many parameters by one operation. */
  adamTogether?(): AdamTogether;
  /** Turns a computation into one operation of the device; `inTurn`: one made of many small operations, which then run one by one. */
  compile?(
    build: (inputs: Tensor[]) => Tensor[],
    specs: readonly TensorSpec[],
    options?: { constant?: (dataId: object) => boolean; inTurn?: boolean },
  ): CompiledFunction | { readonly refused: string };
}

/** bfloat16: half the memory of float32, with 8 bits of mantissa. */
export interface HalfPrecision {
  /** Whether the device multiplies it by instructions of its own. */
  readonly multiplies: boolean;
  /** Whether a run computes in it unless its spec says otherwise. */
  readonly isUsual: boolean;
  /** Keeps the variable's numbers in bfloat16 from now on; `widened` and `product` alone read them. */
  store(variable: Variable): void;
  stores(variable: Tensor): boolean;
  /** The numbers as float32; in a compiled function, made only after `before`. */
  widened(variable: Tensor, before?: Tensor): Tensor;
  /** a·b of matrices rounded to bfloat16, summed in float32 and rounded once more; the product is float32 again. */
  product(a: Tensor2D, b: Tensor2D, transposeA: boolean, transposeB: boolean): Tensor2D;
}

/** What a compiled computation takes. */
export interface TensorSpec {
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32';
}

/** A computation traced once for inputs of some shapes. Variables it uses have the values that they hold when it runs. */
export interface CompiledFunction {
  /** The caller disposes the results. */
  run(inputs: readonly Tensor[]): Tensor[];
  dispose(): void;
}

/** Numbers of one Adam update. */
export interface AdamNumbers {
  readonly beta1: number;
  readonly beta2: number;
  /** Updates made, this one included. */
  readonly step: number;
  readonly learningRate: number;
  /** Added to √v̂, as torch does. */
  readonly epsilon: number;
  /** The weight is multiplied by it first. */
  readonly decay: number;
}

/** Adam's state of one parameter. */
export interface AdamSlot {
  update(gradient: Tensor, numbers: AdamNumbers): void;
  /** m and v as they are now; the caller disposes them. */
  moments(): { first: Tensor; second: Tensor };
  /** Puts saved moments back; the caller keeps them. */
  restore(first: Tensor, second: Tensor): void;
  dispose(): void;
}

/** One update of several parameters, by place in the lists. */
export interface AdamUpdate {
  readonly slots: readonly AdamSlot[];
  readonly gradients: readonly Tensor[];
  /** Alike for all, but for the decay. */
  readonly numbers: readonly AdamNumbers[];
  /** Multiplies every gradient. */
  readonly scale: number;
}

/** Makes updates of many parameters one operation each. */
export interface AdamTogether {
  /** False if it was not done; each slot is to be updated then. */
  update(update: AdamUpdate): boolean;
  dispose(): void;
}

export interface Clock {
  nowMs(): number;
  /** Processor time that the process has had so far, all its threads together. */
  processorMs(): number;
}

/** What a cached list of numbers depends on, in full; whoever keeps the cache hashes it. */
export type CacheKey = readonly (string | Int32Array)[];

/** Numbers that cost a pass over the data, kept across runs. */
export interface NumberCache {
  get(key: CacheKey): Promise<Float32Array | undefined>;
  put(key: CacheKey, values: Float32Array): Promise<void>;
}
