import type { Rule } from '../flip-rules.ts';
import type { FlipKind } from '../flips.ts';
import { flipKinds, isCounted } from '../flips.ts';
import { attemptSummary } from './attempt-summary.ts';
import type { AttemptSummary } from './attempt-summary-schema.ts';
import { chanceSummary } from './chance.ts';
import type { ChanceSummary, ChoiceSide } from './chance.ts';
import { bootstrapMean } from './bootstrap.ts';
import { clusteredRates } from './clustered-rates.ts';
import type { ComparisonSummary, SliceSummary } from './comparison-summary.ts';
import { excessP } from './excess.ts';
import { criticalZ, defaultLevel, pairedDifference, wilson } from './intervals.ts';
import { outputFloor, type OutputFloor } from './output-floor.ts';
import { mcnemarExact, samplesForNetChange } from './mcnemar.ts';
import { benjaminiHochberg, holm } from './multiple-tests.ts';

/** How many samples came out each way. */
export type FlipCounts = Record<FlipKind, number>;

export function noFlipCounts(): FlipCounts {
  return { negative: 0, positive: 0, 'kept-right': 0, 'kept-wrong': 0, unchanged: 0, tied: 0, missing: 0 };
}

export function countFlips(kinds: Iterable<FlipKind>): FlipCounts {
  const counts = noFlipCounts();
  for (const kind of kinds) counts[kind] += 1;
  return counts;
}

/** The samples of a comparison one by one, in parallel arrays. */
export interface PairedSamples {
  /** Index into `flipKinds` (`flipCode`). */
  kinds: Uint8Array;
  /** Right score minus left, in the direction of goodness; NaN where a side has none. */
  deltas: Float64Array;
  /** Same number = not independent; null where each sample stands for itself. */
  clusters: Int32Array | null;
  /** Answers with a verdict and right ones among them; null where no sample was answered several times. */
  attempts?: Record<'left' | 'right', { attempts: Uint32Array; right: Uint32Array }> | null;
  /** Of a multiple choice: options per sample, and how sure either side was. */
  /** Of sampled outputs: the old score, and that of the old model's second answer; NaN where there is none. */
  repeated?: { before: Float64Array; again: Float64Array } | null;
  choices?: ({ options: Float64Array } & Record<'left' | 'right', ChoiceSide | null>) | null;
}

export function flipCode(kind: FlipKind): number {
  return flipKinds.indexOf(kind);
}

/** What a comparison is counted from: rolled-up counts, and the samples themselves where scores or clusters matter. */
export interface ComparisonTally {
  left: { id: string; name: string };
  right: { id: string; name: string };
  rule: Rule;
  unmatchedLeft: number;
  unmatchedRight: number;
  counts: FlipCounts;
  corrections?: ComparisonSummary['corrections'];
  /** `samples`: of the slice, where samples come in clusters. */
  slices: readonly { name: string; counts: FlipCounts; samples?: Pick<PairedSamples, 'kinds' | 'clusters'> }[];
  samples?: PairedSamples;
}

export interface SummaryOptions {
  level?: number;
  /** Of the bootstrap. */
  seed?: number;
  resamples?: number;
}

export function comparisonSummary(tally: ComparisonTally, options: SummaryOptions = {}): ComparisonSummary {
  const { level = defaultLevel } = options;
  const { counts, rule, samples } = tally;
  const paired = countedOf(counts);
  const judgesSides = rule.kind !== 'margin';
  const share = (hits: number) => (judgesSides && paired > 0 ? hits / paired : null);
  return {
    left: { id: tally.left.id, name: tally.left.name },
    right: { id: tally.right.id, name: tally.right.name },
    rule,
    n: {
      paired,
      unmatchedLeft: tally.unmatchedLeft,
      unmatchedRight: tally.unmatchedRight,
      missingVerdict: counts.missing,
      tied: counts.tied,
    },
    accuracy: {
      left: share(counts.negative + counts['kept-right']),
      right: share(counts.positive + counts['kept-right']),
    },
    negativeFlips: counts.negative,
    positiveFlips: counts.positive,
    ...(tally.corrections ? { corrections: tally.corrections } : {}),
    nfr: wilson(counts.negative, paired, level),
    pfr: wilson(counts.positive, paired, level),
    nfi: judgesSides ? wilson(counts.negative, counts.negative + counts['kept-wrong'], level) : null,
    lostOfRight: judgesSides ? wilson(counts.negative, counts.negative + counts['kept-right'], level) : null,
    netChange: netChange(counts, paired, level),
    scoreDelta:
      samples === undefined ? null : bootstrapMean(samples.deltas, { ...options, clusters: samples.clusters }),
    clustered: samples?.clusters ? clusteredRates(samples.kinds, samples.clusters, level) : null,
    ...(samples?.choices
      ? {
          chance: chanceOf(samples, samples.choices, {
            left: share(counts.negative + counts['kept-right']),
            right: share(counts.positive + counts['kept-right']),
          }),
        }
      : {}),
    ...(samples?.repeated ? { floor: floorOf(samples, samples.repeated, rule, level) } : {}),
    ...(samples?.attempts ? { attempts: attemptsOf(samples, samples.attempts, level) } : {}),
    slices: sliceSummaries(tally.slices, counts, level),
  };
}

function chanceOf(
  { kinds }: PairedSamples,
  { options, left, right }: NonNullable<PairedSamples['choices']>,
  accuracy: Record<'left' | 'right', number | null>,
): ChanceSummary | null {
  const counts = (index: number) => isCounted(flipKinds[kinds[index] as number] as FlipKind);
  return chanceSummary(options, counts, { left, right }, accuracy);
}

/** The floor of the samples that a comparison counts. */
export function floorOf(
  { kinds }: Pick<PairedSamples, 'kinds'>,
  { before, again }: NonNullable<PairedSamples['repeated']>,
  rule: Rule,
  level: number,
): OutputFloor | null {
  const negative = flipCode('negative');
  const outputs = Array.from(kinds, (kind, i) => ({
    before: before[i] ?? NaN,
    // A sample that the comparison does not count has no say in its floor.
    again: isCounted(flipKinds[kind] as FlipKind) ? (again[i] ?? NaN) : NaN,
    isNegative: kind === negative,
  }));
  return outputFloor(outputs, rule, level);
}

function attemptsOf(
  { kinds, clusters }: PairedSamples,
  { left, right }: NonNullable<PairedSamples['attempts']>,
  level: number,
): AttemptSummary | null {
  const negative = flipCode('negative');
  return attemptSummary(
    {
      leftAttempts: left.attempts,
      leftRight: left.right,
      rightAttempts: right.attempts,
      rightRight: right.right,
      isNegative: kinds.map((kind) => (kind === negative ? 1 : 0)),
      clusters,
    },
    level,
  );
}

/** N of a tally: everything but ties left out and missing verdicts. */
export function countedOf(counts: FlipCounts): number {
  return counts.negative + counts.positive + counts['kept-right'] + counts['kept-wrong'] + counts.unchanged;
}

function netChange(counts: FlipCounts, paired: number, level: number): ComparisonSummary['netChange'] {
  const { negative, positive } = counts;
  return {
    ...pairedDifference(negative, positive, paired, criticalZ(level)),
    method: 'bonett-price',
    level,
    mcnemarExactP: mcnemarExact(negative, positive),
    samplesToSettle: paired === 0 ? null : samplesForNetChange(negative / paired, positive / paired),
  };
}

function sliceSummaries(slices: ComparisonTally['slices'], whole: FlipCounts, level: number): SliceSummary[] {
  const total = countedOf(whole);
  const p = slices.map(({ counts }) => excessP(counts.negative, countedOf(counts), whole.negative, total));
  const pHolm = holm(p);
  const pBh = benjaminiHochberg(p);
  return slices.map(({ name, counts, samples }, i) => {
    const n = countedOf(counts);
    const clustered = samples?.clusters ? clusteredRates(samples.kinds, samples.clusters, level) : null;
    return {
      name,
      n,
      negativeFlips: counts.negative,
      positiveFlips: counts.positive,
      nfr: clustered?.nfr ?? wilson(counts.negative, n, level),
      pfr: clustered?.pfr ?? wilson(counts.positive, n, level),
      pHolm: pHolm[i] ?? 1,
      pBh: pBh[i] ?? 1,
    };
  });
}
