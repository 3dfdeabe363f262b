import { defaultLevel, meanOverSeeds } from './intervals.ts';
import { distanceOf } from './distance.ts';

/**
 * Methods side by side. A method that barely moves the model flips little, so methods are compared at a *match*: the
 * point on each run's path where it has gained the same reward, or moved the same KL.
 */

/** An evaluated point of one run's path: a checkpoint, or a fraction of an interpolation. */
export interface PathPoint {
  /** Position along the path (step, or fraction): orders the points. */
  position: number;
  /** What the point is called: “step 24”. */
  label: string;
  reward: number;
  /** KL(pre ‖ θ) in nats per response; null where not measured. */
  kl: number | null;
  negativeFlips: number;
  positiveFlips: number;
  /** Paired samples of the evaluation, more than 0. */
  n: number;
}

export interface MethodPath {
  method: string;
  seed: number;
  /** At least the start (no training, no flips) and one evaluated point. */
  points: readonly PathPoint[];
}

/** What is held equal. Reward is gained since the path's first point. */
export type MatchAxis = 'reward-gain' | 'kl';

export interface MatchedPoint {
  position: number;
  /** The measured points it lies between; one where it lies on a point. */
  between: string[];
  rewardGain: number;
  kl: number | null;
  nfr: number;
  pfr: number;
}

export interface OverSeeds {
  mean: number;
  low: number | null;
  high: number | null;
  perSeed: { seed: number; value: number }[];
}

export interface MethodRow {
  method: string;
  /** Seeds that reach the match, and those that never do. */
  seeds: number[];
  unreached: number[];
  /** What each seed's numbers were interpolated from: `start to step 24`. */
  between: string[];
  nfr: OverSeeds | null;
  pfr: OverSeeds | null;
  rewardGain: OverSeeds | null;
  kl: OverSeeds | null;
  /** NFR over the reference method's NFR, seed by seed: the geometric mean and its t interval. Null without shared seeds. */
  nfrRatio: OverSeeds | null;
  /** Against the reference: fewer or more negative flips, or cannot be told from these seeds. Null for the reference itself. */
  answer: 'fewer' | 'more' | 'cannot-be-told' | null;
}

export interface MatchedTable {
  axis: MatchAxis;
  /** Where on the axis the methods are compared. */
  at: number;
  reference: string;
  level: number;
  rows: MethodRow[];
}

/**
 * The table at a match. Without `at` the methods are compared at the farthest point that every path reaches (0.999 of
 * it, so that rounding leaves nobody out). Null when the paths share no ground on this axis.
 */
export function matchMethods(
  paths: readonly MethodPath[],
  options: { axis: MatchAxis; reference: string; at?: number; level?: number },
): MatchedTable | null {
  const { axis, reference, level = defaultLevel } = options;
  const at = options.at ?? 0.999 * Math.min(...paths.map((path) => reach(path, axis)));
  if (paths.length === 0 || !Number.isFinite(at) || at <= 0) return null;
  const matched = paths.map((path) => ({ path, point: pointAt(path, axis, at) }));
  const named = paths.map((path) => path.method);
  const methods = [...new Set([...named.filter((method) => method === reference), ...named])];
  const ofMethod = (method: string) => matched.filter(({ path }) => path.method === method);
  const base = reachedSeeds(ofMethod(reference));
  const rows = methods.map((method) => methodRow(method, ofMethod(method), method === reference ? null : base, level));
  return { axis, at, reference, level, rows };
}

type Matched = { path: MethodPath; point: MatchedPoint | null }[];
type SeedPoint = { seed: number; point: MatchedPoint };

function methodRow(method: string, matched: Matched, base: SeedPoint[] | null, level: number): MethodRow {
  const reached = reachedSeeds(matched);
  const over = (valueOf: (point: MatchedPoint) => number | null) =>
    overSeeds(
      reached.flatMap(({ seed, point }) => {
        const value = valueOf(point);
        return value === null ? [] : [{ seed, value }];
      }),
      level,
    );
  const nfrRatio = base === null ? null : ratioOverSeeds(reached, base, level);
  return {
    method,
    seeds: reached.map(({ seed }) => seed),
    unreached: matched.filter(({ point }) => point === null).map(({ path }) => path.seed),
    between: [...new Set(reached.map(({ point }) => point.between.join(' to ')))],
    nfr: over((point) => point.nfr),
    pfr: over((point) => point.pfr),
    rewardGain: over((point) => point.rewardGain),
    kl: over((point) => point.kl),
    nfrRatio,
    answer: base === null ? null : answerOf(nfrRatio),
  };
}

function answerOf(ratio: OverSeeds | null): MethodRow['answer'] {
  if (ratio?.high != null && ratio.high < 1) return 'fewer';
  if (ratio?.low != null && ratio.low > 1) return 'more';
  return 'cannot-be-told';
}

function reachedSeeds(matched: Matched): SeedPoint[] {
  return matched.flatMap(({ path, point }) => (point === null ? [] : [{ seed: path.seed, point }]));
}

function overSeeds(perSeed: { seed: number; value: number }[], level: number): OverSeeds | null {
  if (perSeed.length === 0) return null;
  return {
    ...meanOverSeeds(
      perSeed.map(({ value }) => value),
      level,
    ),
    perSeed,
  };
}

/** Ratios on the log scale, so that twice and half weigh the same. A seed without negative flips on a side has no ratio. */
function ratioOverSeeds(reached: SeedPoint[], base: SeedPoint[], level: number): OverSeeds | null {
  const logs = reached.flatMap(({ seed, point }) => {
    const other = base.find((entry) => entry.seed === seed);
    if (other === undefined || other.point.nfr === 0 || point.nfr === 0) return [];
    return [{ seed, value: Math.log(point.nfr / other.point.nfr) }];
  });
  const log = overSeeds(logs, level);
  if (log === null) return null;
  return {
    mean: Math.exp(log.mean),
    low: log.low === null ? null : Math.exp(log.low),
    high: log.high === null ? null : Math.exp(log.high),
    perSeed: log.perSeed.map(({ seed, value }) => ({ seed, value: Math.exp(value) })),
  };
}

/** From here on of the way to a point, numbers are that point's. */
const nearlyThere = 0.99;

/** The farthest a path gets on the axis. */
function reach(path: MethodPath, axis: MatchAxis): number {
  return Math.max(...alongAxis(path, axis).map(({ along }) => along));
}

/**
 * Where a path first reaches `at`, every quantity interpolated linearly between the points around it, KL by its root; null when it never
 * does.
 */
export function pointAt(path: MethodPath, axis: MatchAxis, at: number): MatchedPoint | null {
  const stations = alongAxis(path, axis);
  const startReward = inOrder(path)[0]?.reward ?? 0;
  const next = stations.findIndex(({ along }) => along >= at);
  const after = stations[next];
  if (after === undefined) return null;
  const before = stations[next - 1] ?? after;
  const place = axis === 'kl' ? distanceOf : (gain: number) => gain;
  const from = place(before.along);
  const share = after.along === before.along ? 1 : (place(at) - from) / (place(after.along) - from);
  const mix = (valueOf: (point: PathPoint) => number) =>
    valueOf(before.point) + share * (valueOf(after.point) - valueOf(before.point));
  const hasKl = before.point.kl !== null && after.point.kl !== null;
  return {
    position: mix((point) => point.position),
    between: share > nearlyThere ? [after.point.label] : [before.point.label, after.point.label],
    rewardGain: mix((point) => point.reward) - startReward,
    kl: hasKl ? mix((point) => distanceOf(point.kl ?? Number.NaN)) ** 2 : null,
    nfr: mix((point) => point.negativeFlips / point.n),
    pfr: mix((point) => point.positiveFlips / point.n),
  };
}

/** The path's points in order with their place on the axis; points without KL have no place on the KL axis. */
function alongAxis(path: MethodPath, axis: MatchAxis): { point: PathPoint; along: number }[] {
  const ordered = inOrder(path);
  const start = ordered[0]?.reward ?? 0;
  return ordered.flatMap((point) => {
    const along = axis === 'kl' ? point.kl : point.reward - start;
    return along === null ? [] : [{ point, along }];
  });
}

function inOrder(path: MethodPath): PathPoint[] {
  return [...path.points].sort((a, b) => a.position - b.position);
}
