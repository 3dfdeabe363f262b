import { z } from 'zod';
import type { FlipKind } from '../flips.ts';
import type { ChangeKind } from '../kinds/change-kinds.ts';
import { kindsOfVerdict } from '../kinds/change-kinds.ts';
import { rateSchema } from './comparison-summary.ts';
import { excessP } from './excess.ts';
import { criticalZ, defaultLevel, wilson } from './intervals.ts';
import { holm } from './multiple-tests.ts';

/** How many pairs became what. `unchanged` = kept their verdict, or stayed within a margin. */
const outcomeCounts = z.object({ negative: z.number(), positive: z.number(), unchanged: z.number() });
export type OutcomeCounts = z.output<typeof outcomeCounts>;

/** How much more frequent a kind is among negative flips than among unchanged samples. */
export const liftSchema = z.object({
  /** Share among negative flips over share among unchanged samples; null where no unchanged sample has it. */
  value: z.number().nullable(),
  /** Walter's interval of the ratio: half a sample is added everywhere, so that it exists at 0. */
  low: z.number(),
  high: z.number(),
  method: z.literal('walter-log'),
  level: z.number(),
});
export type Lift = z.output<typeof liftSchema>;

export const kindSummarySchema = outcomeCounts.extend({
  /** The same, where the old answer alone had it. */
  gone: outcomeCounts,
  /** Negative flips of this kind among all samples counted: what a gate judges. */
  rate: rateSchema,
  /** Null for kinds that speak of the verdict itself, which no unchanged sample can have. */
  lift: liftSchema.nullable(),
  /** One-sided Fisher test for more among negative flips than among unchanged samples; Holm-adjusted over the kinds that occur. */
  pHolm: z.number().nullable(),
});
export type KindSummary = z.output<typeof kindSummarySchema>;

export const changeSummarySchema = z.record(z.string(), kindSummarySchema);
/** By kind, own ones behind: the `kinds` of `compare --json`. */
export type ChangeSummary = z.output<typeof changeSummarySchema>;

/** What the store counted: pairs by outcome for each kind. */
export type CountedKinds = readonly {
  name: string;
  appeared: Record<FlipKind, number>;
  gone: Record<FlipKind, number>;
}[];

export function changeSummary(counted: CountedKinds, outcomes: Record<FlipKind, number>): ChangeSummary {
  const all = countsOf(outcomes);
  const n = all.negative + all.positive + all.unchanged;
  const rows = counted.map(({ name, appeared, gone }) => {
    const counts = countsOf(appeared);
    const isTested =
      !kindsOfVerdict.has(name as ChangeKind) && counts.negative + counts.unchanged > 0 && all.unchanged > 0;
    return { name, counts, gone: countsOf(gone), isTested };
  });
  const tested = rows.filter(({ isTested }) => isTested);
  const adjusted = holm(
    tested.map(({ counts }) =>
      excessP(counts.negative, all.negative, counts.negative + counts.unchanged, all.negative + all.unchanged),
    ),
  );
  const pHolm = new Map(tested.map(({ name }, i) => [name, adjusted[i] ?? 1]));
  return Object.fromEntries(
    rows.map(({ name, counts, gone, isTested }) => [
      name,
      {
        ...counts,
        gone,
        rate: wilson(counts.negative, n),
        lift: isTested ? ratioOfShares(counts.negative, all.negative, counts.unchanged, all.unchanged) : null,
        pHolm: pHolm.get(name) ?? null,
      },
    ]),
  );
}

function countsOf(outcomes: Record<FlipKind, number>): OutcomeCounts {
  return {
    negative: outcomes.negative,
    positive: outcomes.positive,
    unchanged: outcomes['kept-right'] + outcomes['kept-wrong'] + outcomes.unchanged,
  };
}

/**
 * (hits / total) ÷ (otherHits / otherTotal) with the interval of Walter (1975): the log of the ratio with half a sample added to each
 * number, normal with variance 1/(a+½) − 1/(n+½) + 1/(b+½) − 1/(m+½).
 */
export function ratioOfShares(
  hits: number,
  total: number,
  otherHits: number,
  otherTotal: number,
  level: number = defaultLevel,
): Lift {
  const value = otherHits === 0 || total === 0 ? null : hits / total / (otherHits / otherTotal);
  const centre = Math.log((hits + 0.5) / (total + 0.5)) - Math.log((otherHits + 0.5) / (otherTotal + 0.5));
  const variance = 1 / (hits + 0.5) - 1 / (total + 0.5) + 1 / (otherHits + 0.5) - 1 / (otherTotal + 0.5);
  const spread = criticalZ(level) * Math.sqrt(Math.max(0, variance));
  return { value, low: Math.exp(centre - spread), high: Math.exp(centre + spread), method: 'walter-log', level };
}
