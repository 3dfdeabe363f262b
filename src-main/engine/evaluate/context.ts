import { isAnswered } from '../../shared/domain/evaluations.ts';
import type { DecodingSettings, SuiteItem, SuiteSpec } from '../../shared/domain/evaluations.ts';
import type { CompletionSequence } from '../losses/layout.ts';
import type { CausalLm } from '../models/causal-lm.ts';
import type { NativeOps } from '../ports.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import type { PreparedItem } from './prepare.ts';
import type { ScoringTools } from './scorers.ts';

/** A suite with its items, ready for any number of runs. */
export interface PreparedSuite {
  spec: SuiteSpec;
  items: readonly SuiteItem[];
  prepared: PreparedItem[];
}

export type AnswersTo = (
  prompts: readonly (readonly number[])[],
  settings: DecodingSettings,
  draw: () => Promise<Int32Array[]>,
) => Promise<readonly Int32Array[]>;

export interface OldModel {
  model: CausalLm;
  /** Token ids of its answers to prompts, which are the same at every evaluation: known already, or sampled by `draw`. */
  answersTo: AnswersTo;
}

export interface EvaluationContext {
  model: CausalLm;
  tokenizer: Tokenizer;
  ops: NativeOps;
  /** β of implicit rewards. */
  beta: number;
  /** Summed log-probs under the reference; null makes `pairs` compare plain log-probs. */
  reference: ((sequences: readonly CompletionSequence[]) => Promise<Float32Array>) | null;
  /** The model whose KL to this one is reported by answered suites (`kl/pre`); null: it is not reported. */
  old: OldModel | null;
  scoring: ScoringTools;
  cancelled(): boolean;
  /** Lets messages through between pieces of work. */
  breathe(): Promise<void>;
}

/** Greedy unless the suite says otherwise; null if nothing is decoded. */
export function decodingOf(spec: SuiteSpec): DecodingSettings | null {
  if (!isAnswered(spec.kind)) return null;
  return spec.decoding ?? { temperature: 0, maxNewTokens: 128, seed: 0 };
}
