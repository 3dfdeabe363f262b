import type { Rotary } from './rotary.ts';

/**
 * Where the supported families differ. One decoder (`decoder.ts`) reads this description; `families.ts` fills it.
 */
export interface Architecture {
  /** The gain of an RMS norm is its weight, or 1 + its weight (Gemma). */
  norm: { kind: 'rms' | 'layer'; epsilon: number; gain: 'weight' | 'one-plus-weight' };
  /** What the attention of each layer sees; layers that are alike share one object. */
  layers: readonly LayerAttention[];
  attention: {
    /**
     * Three linears; or one whose output is [q | k | v] (`fused`), or heads × [q | k | v] (`fused-by-head`).
     */
    projection: 'separate' | 'fused' | 'fused-by-head';
    /** RMS norm of queries and keys before the rotation: of each head, or of all heads as one vector. */
    qkNorm: 'none' | 'per-head' | 'all-heads';
    /** Factor on the scores, mostly headDim^-½. */
    scale: number;
    /** Scores stay within ± this; left out where they are not capped. */
    softCap?: number;
  };
  /** `gated`: down(act(gate x) · up x); `plain`: down(act(up x)). */
  feedForward: { kind: 'gated' | 'plain'; activation: Activation };
  /** `sequential`: x + attn, then + ffn of that; `parallel`: x + attn(norm x) + ffn(norm' x). */
  residual: 'sequential' | 'parallel';
  /** Factors on embedded tokens, on what each half of a block adds, and on logits; mostly 1. */
  multipliers: { embedding: number; residual: number; logits: number };
  /** Which linears have a bias. */
  bias: { qkv: boolean; attentionOut: boolean; feedForward: boolean };
  /** Weights stored [out, in] (torch Linear) or [in, out] (GPT-2's Conv1D). */
  linearLayout: 'out-in' | 'in-out';
  /** What the last hidden state feeds: tokens, or `labels` scores (sequence classifiers, reward models). */
  head: { kind: 'language-model' } | { kind: 'classifier'; labels: number };
  names: WeightNames;
  /** Logits stay within ± this; left out where they are not capped. */
  logitCap?: number;
  /** The row of the learned positions that belongs to a sequence's first token; 0 if left out. */
  firstPosition?: number;
}

/** Whether a backend that has attention as one operation computes it of this family. */
export function fusesAttention({ attention: { softCap } }: Architecture): boolean {
  return softCap === undefined;
}

/** One layer's attention. */
export interface LayerAttention {
  /** Keys a query sees, itself included; null = all before it. */
  window: number | null;
  /** How queries and keys are rotated; null = not at all (learned positions, layers without any). */
  rotary: Rotary | null;
}

export type Activation = 'silu' | 'gelu' | 'gelu_tanh' | 'relu';

/**
 * Module names as in the checkpoint; those from `attentionNorm` on come after `<block>.<layer>.`. A family does not name what it does not
 * have: its norms before and after the two halves of a block are the ones named here.
 */
export interface WeightNames {
  embedding: string;
  /** A learned vector for each position, added to the embedding. */
  positionEmbedding?: string;
  finalNorm: string;
  head: string;
  block: string;
  /** Norms of what attention reads, and of what it returns. */
  attentionNorm?: string;
  attentionOutNorm?: string;
  /** `separate` projections. */
  query?: string;
  key?: string;
  value?: string;
  queryNorm?: string;
  keyNorm?: string;
  /** Fused projections. */
  queryKeyValue?: string;
  attentionOut: string;
  /** Norms of what the feed-forward reads, and of what it returns. */
  feedForwardNorm?: string;
  feedForwardOutNorm?: string;
  gate?: string;
  up?: string;
  /** One linear in place of the two: [gate | up]. */
  gateUp?: string;
  down: string;
}
