import { z } from 'zod';
import { ruleSchema } from '../flip-rule-schema.ts';
import { chanceSummarySchema } from './chance.ts';
import { outputFloorSchema } from './output-floor-schema.ts';
import { attemptSummarySchema } from './attempt-summary-schema.ts';

/**
 * What a comparison says in numbers: the object of `flipguard compare --json`, of the screens and of reports. Schemas,
 * because a report is read back from a file. Numbers are not rounded.
 */
const share = z.number();
const level = z.number().gt(0).lt(1);

export const rateSchema = z.object({
  /** Null when nothing was counted; the interval is then [0, 1]. */
  value: share.nullable(),
  low: share,
  high: share,
  method: z.literal('wilson'),
  level,
});

/** A rate whose samples come in clusters (the words of one story): Wilson's interval on the effective sample size. */
export const clusteredRateSchema = rateSchema.extend({
  method: z.literal('wilson-clustered'),
  clusters: z.number(),
  /** Variance over that of independent samples, at least 1. */
  designEffect: z.number(),
});

/** (positive − negative) / n; its interval is Bonett and Price's, its p-value exact McNemar's. */
export const netChangeSchema = z.object({
  value: share.nullable(),
  low: share,
  high: share,
  method: z.literal('bonett-price'),
  level,
  mcnemarExactP: z.number(),
  /** Samples that would show this net change at p ≤ 0.05 with 80 % power; null when it is 0 or nothing was counted. */
  samplesToSettle: z.number().nullable(),
});

export const meanIntervalSchema = z.object({
  mean: z.number(),
  /** Null where there is only one group: nothing to resample. */
  low: z.number().nullable(),
  high: z.number().nullable(),
  method: z.enum(['paired-bootstrap', 'clustered-paired-bootstrap']),
  seed: z.number(),
  level,
  resamples: z.number(),
  /** Samples that had a finite value. */
  n: z.number(),
  /** Clusters resampled as one; absent where every sample stands for itself. */
  clusters: z.number().optional(),
});

const sliceRate = z.discriminatedUnion('method', [rateSchema, clusteredRateSchema]);

export const sliceSummarySchema = z.object({
  name: z.string(),
  n: z.number(),
  negativeFlips: z.number(),
  positiveFlips: z.number(),
  /** On the effective number of samples where the slice's samples come in groups. */
  nfr: sliceRate,
  pfr: sliceRate,
  /**
   * Excess of negative flips in the slice against the rest: one-sided Fisher, Holm-adjusted over the slices listed. It counts each
   * sample by itself.
   */
  pHolm: z.number(),
  /** The same p, adjusted after Benjamini–Hochberg. Absent in reports of earlier versions, which show Holm's. */
  pBh: z.number().optional(),
});

const evaluationName = z.object({ id: z.string(), name: z.string() });

export const comparisonSummarySchema = z.object({
  /** Old. */
  left: evaluationName,
  /** New. */
  right: evaluationName,
  rule: ruleSchema,
  /** By what samples were paired. Absent in reports of earlier versions, as is `measure`. */
  pairing: z
    .object({
      asked: z.string(),
      by: z.string(),
      /** What pairs disagree in, and what is left over. */
      note: z.string().nullable(),
    })
    .optional(),
  /** What judged the two sides, in words. */
  measure: z
    .object({
      left: z.string(),
      right: z.string(),
      /** A sentence where the two sides were judged differently: no rate of theirs then means anything. */
      difference: z.string().nullable(),
      /** A sentence where they were produced under different conditions. */
      conditions: z.string().nullable(),
      /** Variants that both sources have. */
      variants: z.array(z.string()),
      /** A sentence on what else the sources could be judged by. Absent in reports of earlier versions. */
      others: z.string().nullable().optional(),
      /** Of each side that a judge of pairs judged, its card in a sentence; absent without one. */
      judges: z.array(z.string()).optional(),
    })
    .optional(),
  n: z.object({
    /** N, the denominator: samples with a verdict on both sides under the rule. */
    paired: z.number(),
    unmatchedLeft: z.number(),
    unmatchedRight: z.number(),
    /** Matched, but a side has nothing to judge. */
    missingVerdict: z.number(),
    /** Matched, but a side is a tie and the rule leaves ties out. */
    tied: z.number(),
  }),
  /** Null under the margin rule (it knows no right and wrong) and without samples. */
  accuracy: z.object({ left: share.nullable(), right: share.nullable() }),
  negativeFlips: z.number(),
  positiveFlips: z.number(),
  /**
   * Where people corrected verdicts: of how many samples, and the flips as evaluated. All other numbers count the corrected verdicts.
   * Absent in reports of earlier versions.
   */
  corrections: z
    .object({ samples: z.number(), negativeFlips: z.number(), positiveFlips: z.number() })
    .nullable()
    .optional(),
  nfr: rateSchema,
  pfr: rateSchema,
  /** Share of the new wrong answers that were right before; null under the margin rule. */
  nfi: rateSchema.nullable(),
  /** Share of the old right answers that are wrong now; null under the margin rule. */
  lostOfRight: rateSchema.nullable(),
  netChange: netChangeSchema,
  /** Right minus left, so below 0 is worse; null where no sample has a score on both sides. */
  scoreDelta: meanIntervalSchema.nullable(),
  /** The same rates with samples that are not independent taken together; null where each sample stands for itself. */
  clustered: z
    .object({
      nfr: clusteredRateSchema,
      pfr: clusteredRateSchema,
      netChange: z.object({ value: share.nullable(), low: share, high: share, designEffect: z.number() }),
    })
    .nullable(),
  /** Where samples were answered several times. Absent otherwise, and in reports of earlier versions. */
  attempts: attemptSummarySchema.nullable().optional(),
  /** Of a multiple choice. Absent otherwise, and in reports of earlier versions. */
  chance: chanceSummarySchema.nullable().optional(),
  /** Of a suite `outputs` that was sampled: what sampling alone makes. Absent otherwise, and in reports of earlier versions. */
  floor: outputFloorSchema.nullable().optional(),
  /** The largest slices, at most 1,000. */
  slices: z.array(sliceSummarySchema),
  /** How many smaller ones there are, neither listed nor tested. Absent where there is none. */
  slicesLeftOut: z.number().optional(),
});

export type Rate = z.output<typeof rateSchema>;
export type ClusteredRate = z.output<typeof clusteredRateSchema>;
export type NetChange = z.output<typeof netChangeSchema>;
export type MeanInterval = z.output<typeof meanIntervalSchema>;
export type SliceSummary = z.output<typeof sliceSummarySchema>;
export type ComparisonSummary = z.output<typeof comparisonSummarySchema>;
