import type { Verdict } from '../../shared/domain/evaluations.ts';

/** A generated answer and what it is held against. */
export interface Answer {
  prompt: string;
  target?: string | undefined;
  output: string;
}

/** `null` verdict = missing. */
export interface Judgement {
  score: number | null;
  verdict: Verdict | null;
}
