import type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor4D, Variable } from '@tensorflow/tfjs-core';

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
  /** Norms, gates and attention as one operation each; none is differentiable by itself. */
  fused?: FusedOps;
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

/** Causal attention over packed places; `models/packed-batch.ts` says what places and slots are. */
export interface PlacesAttention {
  /** Not rotated yet [places, heads·headDim] */
  query: Tensor2D;
  /** Not rotated yet [places, kvHeads·headDim] */
  key: Tensor2D;
  value: Tensor2D;
  /** int32 [slots] */
  spread: Tensor1D;
  returned: Tensor1D;
  /** Cosines and sines of every place; null where nothing is rotated. */
  rotary: { cos: Tensor; sin: Tensor } | null;
  groups: readonly { rows: number; time: number }[];
  headDim: number;
  /** Keys that a query sees, its own included; null: all before it. */
  window: number | null;
  /** Multiplies the queries. */
  scale: number;
}

/** A token of each row as a float, and its log-prob in nats, [n] each. */
export interface PickedTokens {
  token: Tensor1D;
  logProb: Tensor1D;
}

/** One new position of each row, and the cache that it joins. */
export interface StepAttention {
  /** Scaled and not rotated yet [rows, heads·headDim] */
  query: Tensor2D;
  /** Not rotated yet [rows, kvHeads·headDim] */
  key: Tensor2D;
  value: Tensor2D;
  /** Cosines and sines of the rows' positions, [rows, turned numbers / 2] each; null where nothing is rotated. */
  rotary: { cos: Tensor2D; sin: Tensor2D } | null;
  /** Rotated keys, and values, [rows, kvHeads, headDim, room], the room a multiple of 16. The new ones are written into them. */
  keys: Tensor4D;
  values: Tensor4D;
  /** Positions at a row's start that it does not have, int32 [rows]. */
  padding: Tensor1D;
  /** Where the new position is in the cache, int32 [1]. */
  place: Tensor1D;
  /** Keys that the query sees, its own included; null: all that its row has. */
  window: number | null;
}

/** What is many operations elsewhere as one, with its gradient where training needs it; float32. */
export interface FusedOps {
  /** x · rsqrt(mean(x²) + ε) · gain over the last axis. */
  rmsNorm<T extends Tensor>(x: T, gain: Tensor1D, epsilon: number): T;
  /** → by x and gain */
  rmsNormGradient<T extends Tensor>(x: T, gain: Tensor1D, dy: T, epsilon: number): [T, Tensor1D];
  /** silu(gate) · up, both [n, width] */
  swiGlu(gate: Tensor2D, up: Tensor2D): Tensor2D;
  /** → by gate and up */
  swiGluGradient(gate: Tensor2D, up: Tensor2D, dy: Tensor2D): [Tensor2D, Tensor2D];
  /** → as the query */
  attention(of: PlacesAttention): Tensor2D;
  /** → by query, key and value */
  attentionGradient(of: PlacesAttention, dy: Tensor2D): [Tensor2D, Tensor2D, Tensor2D];
  /** Rotated and softmaxed over what its row has → as the query. **Writes into `keys` and `values`**, which nothing else may share. */
  attendStep(of: StepAttention): Tensor2D;
  /** The likeliest token of each row of logits [n, vocab], the first of several. */
  likeliest(logits: Tensor2D): PickedTokens;
  /**
   * A token of each row drawn at a temperature above 0, where the running sum of probabilities passes its uniform number [n]; its log-prob is that
   * at temperature 1.
   */
  drawn(logits: Tensor2D, uniforms: Tensor1D, temperature: number): PickedTokens;
  /**
   * As `sparseSoftmaxCrossEntropy` of the own logits [n, vocab], and for the first rows, with the old logits [m, vocab], KL(q ‖ p) in nats of
   * q = softmax(old) and p = softmax(own) [m] and what its gradient needs: q − 1[label]. Without the label, the KL of what is left of both
   * distributions, and its gradient by the own logits, p − q.
   */
  lossesBeside(
    own: Tensor2D,
    old: Tensor2D,
    labels: Tensor1D,
    withoutLabel: boolean,
  ): { loss: Tensor1D; grad: Tensor2D; divergence: Tensor1D; other: Tensor2D };
  /** The first rows of x as a·x + b·y, with factors of each row of y [m, 1], and the others as they are. */
  firstRowsScaled(x: Tensor2D, y: Tensor2D, a: Tensor, b: Tensor): Tensor2D;
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
