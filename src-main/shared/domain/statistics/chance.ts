import { z } from 'zod';

const bin = z.object({ from: z.number(), to: z.number(), n: z.number(), confidence: z.number(), accuracy: z.number() });
const calibration = z.object({
  /** Samples with a probability of the chosen option. */
  n: z.number(),
  /** Expected calibration error over `bins`. */
  ece: z.number(),
  confidence: z.number(),
  accuracy: z.number(),
  /** Bins of equal width that hold samples. */
  bins: z.array(bin),
});

/** What guessing alone would do to a multiple choice: a part of `comparisonSummarySchema`. */
export const chanceSummarySchema = z.object({
  /** Counted samples whose number of options is known. */
  n: z.number(),
  options: z.object({ least: z.number(), most: z.number() }),
  /** Share of negative flips (and of positive ones) if both sides only guessed. */
  guessing: z.number(),
  /**
   * The same if each side knew a share of the samples, guessed the rest, and nothing that either knows was unknown to the better
   * one; null where accuracies are not known.
   */
  guessedRest: z.number().nullable(),
  /** Null where a side has no log-probs of its options. */
  calibration: z.object({ left: calibration.nullable(), right: calibration.nullable() }),
});
export type Calibration = z.output<typeof calibration>;
export type ChanceSummary = z.output<typeof chanceSummarySchema>;

/** Bins of equal width between 0 and 1. */
export const calibrationBins = 10;

/** One entry per sample; NaN where it is not known. */
export interface ChoiceSide {
  /** Probability of the chosen option among the options. */
  confidence: Float64Array;
  /** 1 = that option was right, 0 = it was wrong. */
  isRight: Float64Array;
}

/** Expected calibration error (Naeini et al. 2015; Guo et al. 2017, eq. 3): Σ n_b/n · |accuracy_b − confidence_b|. Null without samples. */
export function calibrationOf({ confidence, isRight }: ChoiceSide): Calibration | null {
  const sums = Array.from({ length: calibrationBins }, () => ({ n: 0, confidence: 0, right: 0 }));
  confidence.forEach((value, i) => {
    const right = isRight[i] ?? NaN;
    if (!(value >= 0 && value <= 1) || Number.isNaN(right)) return;
    // A bin holds its upper edge, as in Guo et al.; 0 lies in the first.
    const place = Math.max(0, Math.ceil(value * calibrationBins) - 1);
    const own = sums[place];
    if (own === undefined) return;
    own.n += 1;
    own.confidence += value;
    own.right += right;
  });
  const total = (pick: (sum: (typeof sums)[number]) => number) => sums.reduce((all, sum) => all + pick(sum), 0);
  const n = total((sum) => sum.n);
  if (n === 0) return null;
  return {
    n,
    ece: total(({ n: own, confidence: sure, right }) => (own === 0 ? 0 : Math.abs(right - sure) / n)),
    confidence: total((sum) => sum.confidence) / n,
    accuracy: total((sum) => sum.right) / n,
    bins: sums.flatMap(({ n: own, confidence: sure, right }, i) =>
      own === 0
        ? []
        : [
            {
              from: i / calibrationBins,
              to: (i + 1) / calibrationBins,
              n: own,
              confidence: sure / own,
              accuracy: right / own,
            },
          ],
    ),
  };
}

/**
 * What guessing would bring (method.md, “Chance”). With m options a guess is right with chance 1/m, so that two independent guesses
 * make a negative flip with chance (1/m)(1 − 1/m). A side of accuracy a that knows what it does not guess guesses a share
 * g = (1 − a)/(1 − mean 1/m); where the better side knows whatever the other does, both guess only what the better one does.
 *
 * @param options number of options per sample, NaN = not known
 * @param isCounted whether the sample is in N
 */
export function chanceSummary(
  options: Float64Array,
  isCounted: (index: number) => boolean,
  sides: Record<'left' | 'right', ChoiceSide | null>,
  accuracy: Record<'left' | 'right', number | null>,
): ChanceSummary | null {
  let [n, inverse, flips, least, most] = [0, 0, 0, Infinity, 0];
  options.forEach((count, i) => {
    if (!(count >= 2) || !isCounted(i)) return;
    n += 1;
    inverse += 1 / count;
    flips += (1 / count) * (1 - 1 / count);
    least = Math.min(least, count);
    most = Math.max(most, count);
  });
  if (n === 0) return null;
  const best = accuracy.left === null || accuracy.right === null ? null : Math.max(accuracy.left, accuracy.right);
  const guessed = best === null ? null : Math.min(1, (1 - best) / (1 - inverse / n));
  return {
    n,
    options: { least, most },
    guessing: flips / n,
    guessedRest: guessed === null ? null : (guessed * flips) / n,
    calibration: {
      left: sides.left === null ? null : calibrationOf(sides.left),
      right: sides.right === null ? null : calibrationOf(sides.right),
    },
  };
}
