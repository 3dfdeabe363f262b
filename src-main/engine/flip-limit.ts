import type { SampleResult } from '../shared/domain/evaluations.ts';
import type { EvaluationMark } from '../shared/domain/trainer-events.ts';
import { criticalZ, defaultLevel, pairedDifference, wilson } from '../shared/domain/statistics/intervals.ts';
import { againMetric } from '../shared/domain/statistics/output-floor.ts';

/** A sample's state before training: right or wrong, or the score of an answer that has no verdict. */
type Before = { isRight: boolean } | { score: number; again: number | null };

interface SuiteTally {
  name: string;
  paired: number;
  negative: number;
  /** For answers that are compared by their scores. */
  outputs: {
    paired: number;
    fell: number;
    /** Pairs with a floor: falls of the new model alone, and of the old model's second answer alone. */
    repeated: number;
    onlyNew: number;
    onlyAgain: number;
    floor: number;
  };
}

/**
 * Watches negative flips against the evaluation before training. A limit counts as passed only when the lower bound of an interval is above
 * it: for verdicts, Wilson's interval of the NFR. Answers with a score and no verdict count when their score fell; sampled ones, if the old
 * model answered twice, by how far their falls exceed the floor of two samplings (Bonett and Price's interval of the paired difference).
 */
export class FlipLimit {
  readonly #maxNfr: number;
  /** Per suite, by sample. */
  readonly #baseline = new Map<string, Map<string, Before>>();
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
    const over = [...this.#tallies.values()].flatMap((tally) => [...this.#overOf(tally), ...this.#fallsOf(tally)]);
    if (over.length === 0) return null;
    return `Negative flips at step ${step} pass the limit of ${Number((100 * this.#maxNfr).toPrecision(6))} %: ${over.join('; ')}.`;
  }

  #overOf({ name, paired, negative }: SuiteTally): string[] {
    if (paired === 0) return [];
    const { low, high } = wilson(negative, paired);
    if (low <= this.#maxNfr) return [];
    return [
      `${name}: NFR ${percent(negative / paired)} (${percent(low)} to ${percent(high)}, ${negative} of ${paired})`,
    ];
  }

  #fallsOf({ name, outputs }: SuiteTally): string[] {
    const { paired, fell, repeated, onlyNew, onlyAgain, floor } = outputs;
    if (paired === 0) return [];
    const told = `${name}: ${fell} of ${paired} scores fell, NFR ${percent(fell / paired)}`;
    if (repeated === 0) {
      const { low, high } = wilson(fell, paired);
      return low <= this.#maxNfr ? [] : [`${told} (${percent(low)} to ${percent(high)})`];
    }
    const { value, low, high } = pairedDifference(onlyAgain, onlyNew, repeated, criticalZ(defaultLevel));
    if (low <= this.#maxNfr) return [];
    return [
      `${told}, ${points(value ?? 0)} (${points(low)} to ${points(high)}) beyond the floor of ${percent(floor / repeated)} that two samplings of the old model make`,
    ];
  }

  #observeBaseline(mark: EvaluationMark, results: readonly SampleResult[]): void {
    const suite = this.#baseline.get(mark.suiteId) ?? new Map<string, Before>();
    this.#baseline.set(mark.suiteId, suite);
    for (const { sampleId, verdict, score, metrics } of results) {
      if (verdict === 'right' || verdict === 'wrong') suite.set(sampleId, { isRight: verdict === 'right' });
      else if (verdict === null && score !== null) {
        suite.set(sampleId, { score, again: metrics?.[againMetric] ?? null });
      }
    }
  }

  #observeLater(mark: EvaluationMark, results: readonly SampleResult[]): void {
    if (mark.step !== this.#step) this.#tallies = new Map();
    this.#step = mark.step;
    const baseline = this.#baseline.get(mark.suiteId);
    const tally = this.#tallies.get(mark.suiteId) ?? {
      name: mark.suiteName,
      paired: 0,
      negative: 0,
      outputs: nothing(),
    };
    this.#tallies.set(mark.suiteId, tally);
    for (const { sampleId, verdict, score } of results) {
      const before = baseline?.get(sampleId);
      if (before === undefined) continue;
      if ('score' in before) {
        if (verdict === null && score !== null) countFall(tally.outputs, before, score);
        continue;
      }
      if (verdict !== 'right' && verdict !== 'wrong') continue;
      tally.paired += 1;
      if (before.isRight && verdict === 'wrong') tally.negative += 1;
    }
  }
}

function nothing(): SuiteTally['outputs'] {
  return { paired: 0, fell: 0, repeated: 0, onlyNew: 0, onlyAgain: 0, floor: 0 };
}

function countFall(
  outputs: SuiteTally['outputs'],
  { score: before, again }: { score: number; again: number | null },
  now: number,
): void {
  const fell = now < before;
  outputs.paired += 1;
  if (fell) outputs.fell += 1;
  if (again === null) return;
  const fellAgain = again < before;
  outputs.repeated += 1;
  if (fellAgain) outputs.floor += 1;
  if (fell && !fellAgain) outputs.onlyNew += 1;
  if (fellAgain && !fell) outputs.onlyAgain += 1;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** A difference of two shares. */
function points(difference: number): string {
  return `${(100 * difference).toFixed(1)} points`;
}
