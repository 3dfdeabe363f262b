import type { SampleResult } from '../shared/domain/evaluations.ts';
import type { EvaluationMark } from '../shared/domain/trainer-events.ts';
import { wilson } from '../shared/domain/statistics/intervals.ts';

interface SuiteTally {
  name: string;
  paired: number;
  negative: number;
}

/**
 * Watches negative flips against the evaluation before training. A limit counts as passed only when the Wilson
 * interval's lower bound of a suite's NFR lies above it.
 */
export class FlipLimit {
  readonly #maxNfr: number;
  /** Per suite: which samples were right (or not) at step 0. */
  readonly #baseline = new Map<string, Map<string, boolean>>();
  #step = 0;
  #tallies = new Map<string, SuiteTally>();

  constructor(maxNfr: number) {
    this.#maxNfr = maxNfr;
  }

  observe(mark: EvaluationMark, results: readonly SampleResult[]): void {
    if (mark.step === 0) this.#observeBaseline(mark, results);
    else this.#observeLater(mark, results);
  }

  /** A sentence about every suite whose limit is passed at this step, or null. */
  passedAt(step: number): string | null {
    if (step !== this.#step) return null;
    const over = [...this.#tallies.values()].flatMap(({ name, paired, negative }) => {
      if (paired === 0) return [];
      const { low, high } = wilson(negative, paired);
      if (low <= this.#maxNfr) return [];
      const percent = (x: number) => `${(100 * x).toFixed(1)} %`;
      return [
        `${name}: NFR ${percent(negative / paired)} (${percent(low)} to ${percent(high)}, ${negative} of ${paired})`,
      ];
    });
    if (over.length === 0) return null;
    return `Negative flips at step ${step} pass the limit of ${100 * this.#maxNfr} %: ${over.join('; ')}.`;
  }

  #observeBaseline(mark: EvaluationMark, results: readonly SampleResult[]): void {
    const suite = this.#baseline.get(mark.suiteId) ?? new Map<string, boolean>();
    this.#baseline.set(mark.suiteId, suite);
    for (const { sampleId, verdict } of results) {
      if (verdict === 'right' || verdict === 'wrong') suite.set(sampleId, verdict === 'right');
    }
  }

  #observeLater(mark: EvaluationMark, results: readonly SampleResult[]): void {
    if (mark.step !== this.#step) this.#tallies = new Map();
    this.#step = mark.step;
    const baseline = this.#baseline.get(mark.suiteId);
    const tally = this.#tallies.get(mark.suiteId) ?? { name: mark.suiteName, paired: 0, negative: 0 };
    this.#tallies.set(mark.suiteId, tally);
    for (const { sampleId, verdict } of results) {
      const wasRight = baseline?.get(sampleId);
      if (wasRight === undefined || (verdict !== 'right' && verdict !== 'wrong')) continue;
      tally.paired += 1;
      if (wasRight && verdict === 'wrong') tally.negative += 1;
    }
  }
}
