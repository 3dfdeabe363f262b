import type { TextOrChat } from '../../shared/domain/datasets.ts';
import type { Verdict } from '../../shared/domain/evaluations.ts';

/** A generated answer and what it is judged against. */
export interface Answer {
  /** The item's id, and the slices it belongs to: for programs that judge. */
  id?: string;
  slices?: string[];
  prompt: TextOrChat;
  target?: string | undefined;
  output: string;
}

/** `null` verdict = missing. */
export interface Judgement {
  score: number | null;
  verdict: Verdict | null;
  /** Short texts by name that came with it. */
  fields?: Record<string, string>;
}
