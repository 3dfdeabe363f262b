import type { Rotary } from './rotary.ts';

/**
 * Where the supported families differ. One decoder (`decoder.ts`) reads this description; `families.ts` fills it.
 */
export interface Architecture {
  norm: { kind: 'rms' | 'layer'; epsilon: number };
  /** Rotated queries and keys, or a learned vector added to the embedding of each position. */
  positions: { kind: 'rotary'; rotary: Rotary } | { kind: 'learned' };
  attention: {
    /**
     * Three linears; or one whose output is [q | k | v] (`fused-thirds`), or heads × [q | k | v] (`fused-by-head`).
     */
    projection: 'separate' | 'fused-thirds' | 'fused-by-head';
    /** RMS norm of every head's query and key before the rotation. */
    qkNorm: boolean;
    /** Keys a query sees, itself included; null = all before it. */
    window: number | null;
  };
  /** `gated`: down(act(gate x) · up x); `plain`: down(act(up x)). */
  feedForward: { kind: 'gated' | 'plain'; activation: Activation };
  /** `sequential`: x + attn, then + ffn of that; `parallel`: x + attn(norm x) + ffn(norm' x). */
  residual: 'sequential' | 'parallel';
  /** Which linears have a bias. */
  bias: { qkv: boolean; attentionOut: boolean; feedForward: boolean };
  /** Weights stored [out, in] (torch Linear) or [in, out] (GPT-2's Conv1D). */
  linearLayout: 'out-in' | 'in-out';
  /** What the last hidden state feeds: tokens, or `labels` scores (sequence classifiers, reward models). */
  head: { kind: 'language-model' } | { kind: 'classifier'; labels: number };
  names: WeightNames;
}

export type Activation = 'silu' | 'gelu' | 'gelu_tanh' | 'relu';

/** Module names as in the checkpoint; the ones from `attentionNorm` on stand behind `<block>.<layer>.`. */
export interface WeightNames {
  embedding: string;
  positionEmbedding?: string;
  finalNorm: string;
  head: string;
  block: string;
  attentionNorm: string;
  /** `separate` projections. */
  query?: string;
  key?: string;
  value?: string;
  queryNorm?: string;
  keyNorm?: string;
  /** Fused projections. */
  queryKeyValue?: string;
  attentionOut: string;
  feedForwardNorm: string;
  gate?: string;
  up: string;
  down: string;
}
