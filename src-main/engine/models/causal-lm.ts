import type { NamedTensorMap, Rank, Tensor1D, Tensor2D, Tensor3D, Variable } from '@tensorflow/tfjs-core';
import type { HalfPrecision, NativeOps } from '../ports.ts';
import type { Architecture } from './architecture.ts';
import type { PackedBatch } from './packed-batch.ts';
import type { StepInput, StepOutput } from './step-once.ts';
import type { CacheSegment } from './kv-cache.ts';
import type { StepWeights } from './step-weights.ts';

/**
 * A decoder as the rest of the engine sees it. Tensors it returns belong to the caller's `tidy`.
 * Hidden states and logits are kept apart so that the head runs at the positions that count and nowhere else.
 */
export interface CausalLm {
  readonly config: ModelConfig;
  /** Weights by Hugging Face name; LoRA adds `<linear>.lora_A.weight` and `.lora_B.weight`. */
  readonly parameters: ReadonlyMap<string, Variable>;
  /** What training may change: all (full), or the adapter and a classifier's score head (LoRA). */
  readonly trainable: ReadonlyMap<string, Variable>;
  /** Names of parameters that belong to another model: they are never changed here, and outlive this one. */
  readonly borrowed: ReadonlySet<string>;
  /** Null for a plain model. */
  readonly adapter: LoraSettings | null;
  /**
   * ids int32 [batch, time], right-padded; lengths: real tokens per row. → hidden states after the last norm [batch, time, dim]. Padding
   * never influences a real position. `training` switches LoRA dropout on (with `dropoutSeed`).
   */
  hiddenStates(ids: Tensor2D, lengths: readonly number[], options?: HiddenStatesOptions): Tensor3D;
  /** What it computes in, if not in float32 alone. */
  readonly half: HalfPrecision | null;
  /** Gradients are products in bfloat16 from now on, where the device multiplies it, and linear layers that do not train are stored in it. */
  computeInHalf(half: HalfPrecision): void;
  /** Whether sequences that begin with the same tokens have the same hidden states there. */
  readonly sharesPrompts: boolean;
  /** Cosines and sines that a packed batch carries, by the name of the rotation. */
  rotationsAt(positions: Int32Array, lengths: Int32Array): Map<string, { cos: Float32Array; sin: Float32Array }>;
  /** A packed batch → hidden states after the last norm [places, dim]. */
  packedStates(batch: PackedBatch, options?: PackedOptions): Tensor2D;
  /**
   * hidden [n, dim] → logits [n, vocab]. Throws if the model has no language-model head (sequence classifiers). With the `cache` of a
   * decoding in progress, few rows are faster; gradients are available only without it.
   */
  logits(hidden: Tensor2D, cache?: KeyValueCache): Tensor2D;
  languageHead(): LanguageHead;
  /**
   * A fresh cache for `batch` rows and at most `maxTime` positions. `leftPadding`: positions at the start of each row that
   * are padding; the row's first real token then has position 0 and nothing attends to the padding.
   */
  newCache(batch: number, maxTime: number, leftPadding?: readonly number[]): KeyValueCache;
  /** One more stretch of tokens with the cache: ids [batch, stretch] → hidden of the last position of each row [batch, dim]. */
  step(ids: Tensor2D, cache: KeyValueCache): Tensor2D;
  /** One position per row, from tensors alone, so that it can be compiled: → logits [rows, vocab] and the cache's new stretch. */
  stepOnce(input: StepInput): StepOutput;
  /** Weights laid out for single positions, as they are now; the caller disposes them. */
  stepWeights(): StepWeights;
  /** What has to be disposed together with the model. */
  readonly dependants: Set<{ dispose(): void }>;
  dispose(): void;
}

export interface LanguageHead {
  /** [vocab, dim] */
  weights: Variable<Rank.R2>;
  /** On logits. */
  multiplier: number;
  /** Logits stay within ± this (`soft-cap.ts`); undefined where they are not capped. */
  cap: number | undefined;
  /** Whether training may change the weights. */
  trains: boolean;
}

export interface HiddenStatesOptions {
  training?: boolean;
  dropoutSeed?: number;
}

export interface PackedOptions {
  ops?: NativeOps | undefined;
  /** Switches LoRA dropout on. `seed` int32 [1] is the pass's; `number` the same, for backends without seeded randomness. */
  dropout?: { seed: Tensor1D; number: number } | undefined;
  /** Blocks keep only their input, and are computed again on the backward pass. */
  checkpointing?: boolean;
}

/** A low-rank adapter: which linears it sits on, and how strongly. */
export interface LoraSettings {
  rank: number;
  alpha: number;
  /** On the adapter's input, while training. */
  dropout: number;
  /** Module names or their last parts (`q_proj`), or `all-linear`. */
  targets: readonly string[];
  /** Scale alpha/√rank in place of alpha/rank (rsLoRA). */
  rankStabilised?: boolean;
}

export interface KeyValueCache {
  readonly length: number;
  /** Keys and values of a layer so far, in order; they still belong to the cache. */
  segments(layer: number): readonly CacheSegment[];
  /** Keep these rows, in this order (rows that have stopped are dropped). */
  select(rows: Tensor1D): void;
  dispose(): void;
}

/** What every supported architecture boils down to. Filled from config.json by `models/families.ts`. */
export interface ModelConfig {
  family: string;
  vocabSize: number;
  dim: number;
  layers: number;
  heads: number;
  kvHeads: number;
  headDim: number;
  ffnDim: number;
  maxPositions: number;
  tiedHead: boolean;
  bosTokenId: number | null;
  eosTokenIds: number[];
  /** A sequence classifier reads its scores at the last token that is not this one. */
  padTokenId: number | null;
  /** How the family's blocks compute and what its weights are called. */
  architecture: Architecture;
  /** config.json as read, kept whole so that a checkpoint writes it back unchanged. */
  source: Record<string, unknown>;
}

export type { NamedTensorMap };
