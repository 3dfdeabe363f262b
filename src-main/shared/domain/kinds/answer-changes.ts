import { otherAnswer } from './classify.ts';
import { exampleOf } from './flip-text.ts';
import type { ExampleSample, FlipText } from './flip-text.ts';
import { wantedOf } from './target.ts';

/** A final answer that became another one, and in how many samples. */
export interface AnswerChange {
  readonly from: string;
  readonly to: string;
  readonly count: number;
  /** The first in the order given. */
  readonly example: ExampleSample;
}

export interface AnswerChanges {
  /** Samples whose final answer became another one. */
  readonly samples: number;
  /** How many different changes there are; `changes` holds the most frequent. */
  readonly distinct: number;
  readonly changes: readonly AnswerChange[];
}

/** Which final answer became which, the most frequent first; of equally frequent ones, in the order of their texts. */
export function answerChanges(flips: readonly FlipText[], most = 200): AnswerChanges {
  const tallies = new Map<string, { from: string; to: string; count: number; example: ExampleSample }>();
  let samples = 0;
  for (const flip of flips) {
    const found = otherAnswer(flip.old, flip.now, wantedOf(flip.target));
    if (found === null || !flip.changes.includes('other-answer')) continue;
    samples += 1;
    // What counts as the same answer is its value: “18” and “$18.00” are one.
    const key = JSON.stringify([found.from.form, found.from.value, found.to.value]);
    const tally = tallies.get(key);
    if (tally === undefined)
      tallies.set(key, { from: found.from.shown, to: found.to.shown, count: 1, example: exampleOf(flip) });
    else tally.count += 1;
  }
  const changes = [...tallies.values()].sort(
    (a, b) => b.count - a.count || compareText(a.from, b.from) || compareText(a.to, b.to),
  );
  return { samples, distinct: changes.length, changes: changes.slice(0, most) };
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
