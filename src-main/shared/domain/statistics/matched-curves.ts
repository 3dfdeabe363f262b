import { distanceOf } from './distance.ts';
import { defaultLevel, meanOverSeeds } from './intervals.ts';
import type { OverSeeds } from './matched-methods.ts';
import { firstPlaceOf, monotoneCubic, valueAt } from './monotone-cubic.ts';
import type { MonotoneCubic } from './monotone-cubic.ts';

/**
 * Methods curve against curve. Every run has a path of its own, from the old weights to what was trained, and so does the reference: with
 * the same seed both are read where they have moved equally far, at several distances. That leaves no method the excuse that it
 * moved less, and none the advantage that it alone was interpolated.
 */
export const matchedAxes = ['sampled-reward', 'greedy-reward', 'kl'] as const;
export type MatchedAxis = (typeof matchedAxes)[number];

/** What is interpolated along a path: a reward itself, of KL its root. */
const smoothAlong: Readonly<Record<MatchedAxis, (gain: number) => number>> = {
  'sampled-reward': (gain) => gain,
  'greedy-reward': (gain) => gain,
  kl: distanceOf,
};

/** Shares of the common range at which two paths are compared; flips at a tenth of a gain are mostly noise. */
export const matchedShares: Readonly<Record<MatchedAxis, readonly number[]>> = {
  'sampled-reward': [0.5, 0.75, 1],
  'greedy-reward': [0.5, 0.75, 1],
  kl: [0.25, 0.5, 1],
};

/** A measured point of a path. */
export interface CurvePoint {
  /** 0 = the old weights, 1 = what was trained. */
  fraction: number;
  /** Mean rewards, and KL(old ‖ new) in nats per answer; null where not measured. */
  along: Readonly<Record<MatchedAxis, number | null>>;
  negativeFlips: number;
  /** Paired samples, more than 0. */
  n: number;
}

export interface MethodCurve {
  method: string;
  seed: number;
  /** From the old weights (fraction 0, no flips) on, in order. */
  points: readonly CurvePoint[];
}

/** Why a seed has no ratio: a side does not move on this axis, was not measured on it, or neither side flips anything. */
export type LeftOut = 'no-partner' | 'not-measured' | 'no-ground' | 'no-flips';

export interface CurveRow {
  method: string;
  /** Negative flips over the reference's of the same seed: per seed the geometric mean over the shares, over seeds with its t interval. */
  ratio: OverSeeds | null;
  /** How far both sides get, per seed: what the shares are of. */
  range: OverSeeds | null;
  leftOut: { seed: number; why: LeftOut }[];
  /** Null for the reference itself. */
  answer: 'fewer' | 'more' | 'cannot-be-told' | null;
}

export interface CurveTable {
  axis: MatchedAxis;
  reference: string;
  shares: readonly number[];
  level: number;
  rows: CurveRow[];
}

/** The table on an axis, the reference first. */
export function matchCurves(
  curves: readonly MethodCurve[],
  { axis, reference, level = defaultLevel }: { axis: MatchedAxis; reference: string; level?: number },
): CurveTable {
  const methods = [...new Set([reference, ...curves.map(({ method }) => method)])];
  const of = (method: string) => curves.filter((curve) => curve.method === method);
  const rows = methods.map((method) => row(method, of(method), of(reference), axis, level, method === reference));
  return { axis, reference, shares: matchedShares[axis], level, rows };
}

function row(
  method: string,
  curves: readonly MethodCurve[],
  references: readonly MethodCurve[],
  axis: MatchedAxis,
  level: number,
  isReference: boolean,
): CurveRow {
  if (isReference) return { method, ratio: null, range: null, leftOut: [], answer: null };
  const matches = curves.map((curve) => ({ seed: curve.seed, ...matchPair(curve, references, axis) }));
  const found = matches.flatMap(({ seed, match }) => (match === null ? [] : [{ seed, ...match }]));
  const ratio = ratioOverSeeds(
    found.map(({ seed, log }) => ({ seed, log })),
    level,
  );
  const ranges = found.map(({ seed, range }) => ({ seed, value: range }));
  return {
    method,
    ratio,
    range:
      ranges.length === 0
        ? null
        : {
            ...meanOverSeeds(
              ranges.map(({ value }) => value),
              level,
            ),
            perSeed: ranges,
          },
    leftOut: matches.flatMap(({ seed, why }) => (why === null ? [] : [{ seed, why }])),
    answer: answerOf(ratio),
  };
}

/** The geometric mean with a t interval on the log scale, so that twice and half weigh the same; null without a seed. */
export function ratioOverSeeds(logs: readonly { seed: number; log: number }[], level: number): OverSeeds | null {
  if (logs.length === 0) return null;
  const { mean, low, high } = meanOverSeeds(
    logs.map(({ log }) => log),
    level,
  );
  return {
    mean: Math.exp(mean),
    low: low === null ? null : Math.exp(low),
    high: high === null ? null : Math.exp(high),
    perSeed: logs.map(({ seed, log }) => ({ seed, value: Math.exp(log) })),
  };
}

function answerOf(ratio: OverSeeds | null): CurveRow['answer'] {
  if (ratio?.high != null && ratio.high < 1) return 'fewer';
  if (ratio?.low != null && ratio.low > 1) return 'more';
  return 'cannot-be-told';
}

type Matched = { match: { log: number; range: number }; why: null } | { match: null; why: LeftOut };

function matchPair(curve: MethodCurve, references: readonly MethodCurve[], axis: MatchedAxis): Matched {
  const partner = references.find(({ seed }) => seed === curve.seed);
  if (partner === undefined) return { match: null, why: 'no-partner' };
  const [own, other] = [readCurve(curve, axis), readCurve(partner, axis)];
  if (own === null || other === null) return { match: null, why: 'not-measured' };
  const range = Math.min(own.reach, other.reach);
  if (!(range > 0)) return { match: null, why: 'no-ground' };
  if (own.mostFlips === 0 && other.mostFlips === 0) return { match: null, why: 'no-flips' };
  const logs = matchedShares[axis].map((share) => {
    // A hair less than all of it, so that rounding leaves nobody out.
    const target = smoothAlong[axis](range * share * (1 - 1e-9));
    return Math.log(flipsAt(own, target) / flipsAt(other, target));
  });
  return { match: { log: logs.reduce((sum, log) => sum + log, 0) / logs.length, range }, why: null };
}

interface ReadCurve {
  /** The most that was gained on the axis since the old weights. */
  reach: number;
  /** What was gained, as it is interpolated, by fraction. */
  gain: MonotoneCubic;
  /** Share of negative flips, by fraction. */
  flips: MonotoneCubic;
  mostFlips: number;
  /** Half a sample, as a share. */
  half: number;
}

function readCurve({ points }: MethodCurve, axis: MatchedAxis): ReadCurve | null {
  const along = points.map((point) => point.along[axis]);
  const start = along[0];
  if (points.length < 2 || start === undefined || start === null) return null;
  if (!along.every((value): value is number => value !== null && Number.isFinite(value))) return null;
  const fractions = points.map(({ fraction }) => fraction);
  const gains = along.map((value) => value - start);
  return {
    reach: Math.max(...gains),
    gain: monotoneCubic(fractions, gains.map(smoothAlong[axis])),
    flips: monotoneCubic(
      fractions,
      points.map(({ negativeFlips, n }) => negativeFlips / n),
    ),
    mostFlips: Math.max(...points.map(({ negativeFlips }) => negativeFlips)),
    half: 0.5 / Math.max(...points.map(({ n }) => n)),
  };
}

/** With half a sample more (Haldane and Anscombe), so that a run that flips nothing has a ratio, and one of few flips no ratio of next to 0. */
function flipsAt({ gain, flips, half }: ReadCurve, target: number): number {
  const place = firstPlaceOf(gain, target);
  if (place === null) throw new Error('a path is read where it does not go');
  return valueAt(flips, place) + half;
}
