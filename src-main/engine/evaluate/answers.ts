import type { TextOrChat } from '../../shared/domain/datasets.ts';
import type { Verdict } from '../../shared/domain/evaluations.ts';

/** A generated answer and what it is held against. */
export interface Answer {
  prompt: TextOrChat;
  target?: string | undefined;
  output: string;
}

/** `null` verdict = missing. */
export interface Judgement {
  score: number | null;
  verdict: Verdict | null;
}
