import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import type { Variable } from '@tensorflow/tfjs-core';
import type { CompletionSequence } from '../../src-main/engine/losses/layout.ts';
import type { StepMetricName, StepMetrics } from '../../src-main/shared/domain/metrics.ts';
import type { PreferenceSample } from '../../src-main/engine/data/tokenise.ts';

/** What the scripts of test/golden/training recorded. */
export function readTraining<Recorded>(
  name: 'dpo' | 'reward' | 'ppo' | 'sft' | 'kto' | 'reference-free' | 'groups' | 'flipguard' | 'ches',
): Recorded {
  const file = path.join(import.meta.dirname, '..', 'assets', 'training', `${name}.json`);
  return JSON.parse(readFileSync(file, 'utf8')) as Recorded;
}

export interface RecordedPair {
  prompt: number[];
  chosen: number[];
  rejected: number[];
}

/** Sum and norm by weight. */
export type Fingerprint = Record<string, [sum: number, norm: number]>;

export function sequenceOf(prompt: readonly number[], response: readonly number[]): CompletionSequence {
  return { ids: Int32Array.from([...prompt, ...response]), from: prompt.length };
}

export function samplesOf(pairs: readonly RecordedPair[]): PreferenceSample[] {
  return pairs.map(({ prompt, chosen, rejected }, i) => ({
    id: `${i}`,
    chosen: sequenceOf(prompt, chosen),
    rejected: sequenceOf(prompt, rejected),
  }));
}

/** Largest difference of a recorded weight's sum or norm; a weight that is missing is infinitely far. */
export function largestWeightDifference(weights: ReadonlyMap<string, Variable>, recorded: Fingerprint): number {
  const differences = Object.entries(recorded).map(([name, [sum, norm]]) => {
    let [total, squares] = [0, 0];
    for (const value of weights.get(name)?.dataSync() ?? [Infinity]) {
      total += value;
      squares += value * value;
    }
    return Math.max(Math.abs(total - sum), Math.abs(Math.sqrt(squares) - norm));
  });
  return Math.max(...differences);
}

/** Largest difference of each recorded metric over the steps, measured by the metric's own size where that is above 1. */
export function largestGaps(
  events: readonly { metrics: StepMetrics }[],
  steps: readonly Record<string, number>[],
): Record<string, number> {
  const names = Object.keys(steps[0]!) as StepMetricName[];
  return Object.fromEntries(
    names.map((name) => {
      const wanted = steps.map((step) => step[name]!);
      const found = events.map(({ metrics }) => metrics[name]);
      return [name, largestGap(found, wanted) / Math.max(1, ...wanted.map(Math.abs))];
    }),
  );
}

/** Largest absolute difference of two series of the same length. */
export function largestGap(found: readonly (number | undefined)[], recorded: readonly number[]): number {
  if (found.length !== recorded.length) return Infinity;
  return Math.max(...recorded.map((value, i) => Math.abs(value - (found[i] ?? Infinity))));
}
