import type { Verdict } from './evaluations.ts';

/** Which samples of an evaluation are listed. */
export const verdictChoices = ['all', 'right', 'wrong', 'tie', 'missing'] as const;
export type VerdictChoice = (typeof verdictChoices)[number];

/** A sample in the list of its evaluation: texts are cut to what a row shows. */
export interface ListedSample {
  sampleKey: number;
  id: string;
  prompt: string;
  target: string | null;
  output: string | null;
  score: number | null;
  verdict: Verdict | null;
}
