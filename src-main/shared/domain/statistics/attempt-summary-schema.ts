import { z } from 'zod';

/** What several answers per sample say of a comparison: a part of `comparisonSummarySchema`. */
const shareEstimate = z.object({
  /** Mean over samples, each counted once however often it was answered. */
  value: z.number(),
  low: z.number(),
  high: z.number(),
  /** Samples. */
  n: z.number(),
});

const changeEstimate = z.object({
  value: z.number(),
  /** Null for one group of samples. */
  low: z.number().nullable(),
  high: z.number().nullable(),
  n: z.number(),
});

const passRate = z.object({
  k: z.number(),
  left: shareEstimate,
  right: shareEstimate,
  /** Right minus left, by sample. */
  change: changeEstimate,
});

const answersPerSample = z.object({ least: z.number(), most: z.number(), mean: z.number() });

export const attemptSummarySchema = z.object({
  /** Samples with an answer that has a verdict on both sides. */
  n: z.number(),
  level: z.number(),
  left: answersPerSample,
  right: answersPerSample,
  /** avg@k: the mean success probability. `p` is of the sign-flip test by sample (by group, where samples come in groups). */
  success: passRate.omit({ k: true }).extend({ p: z.number(), test: z.enum(['sign-flip-exact', 'sign-flip-normal']) }),
  /** pass@k: at least one of k answers is right. */
  passAt: z.array(passRate),
  /** pass^k: all of k answers are right. */
  passAll: z.array(passRate),
  /** What one answer per side would show on average, and how much of it sampling alone would bring. */
  oneAnswer: z.object({
    nfr: shareEstimate,
    pfr: shareEstimate,
    /** Negative flips (and positive ones) if nothing had changed; null where no side was answered twice. */
    expected: shareEstimate.nullable(),
    excessNfr: changeEstimate.nullable(),
    excessPfr: changeEstimate.nullable(),
    /** Mean square of the change of the success probability, without the noise of sampling: excess NFR + excess PFR. */
    moved: z.number().nullable(),
  }),
  /** Samples whose own test says that their success probability changed, and how many would if none had. */
  tested: z.object({
    alpha: z.number(),
    worse: z.number(),
    better: z.number(),
    expectedWorse: z.number(),
    expectedBetter: z.number(),
  }),
  /** Negative flips by verdict: borne out by all answers or by their own test, or not. */
  negativeFlips: z.object({ solid: z.number(), flaky: z.number() }),
});

export type ShareEstimate = z.output<typeof shareEstimate>;
export type ChangeEstimate = z.output<typeof changeEstimate>;
export type PassRate = z.output<typeof passRate>;
export type AttemptSummary = z.output<typeof attemptSummarySchema>;
