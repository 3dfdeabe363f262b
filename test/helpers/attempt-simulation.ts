import { attemptSummary } from '../../src-main/shared/domain/statistics/attempt-summary.ts';
import type { AttemptSummary, ChangeEstimate } from '../../src-main/shared/domain/statistics/attempt-summary-schema.ts';
import type { SeededRandom } from '../../src-main/shared/domain/statistics/random.ts';

/** Comparisons whose success probabilities are drawn: how many samples and answers, and how much changes. */
export interface Scene {
  samples: number;
  old: number;
  now: number;
  /** Probabilities near 0 and 1 as those of models mostly are, spread out, or all alike. */
  spread: 'ends' | 'wide' | 'alike';
  /** Share of samples whose probability changes; three of five of these fall. */
  moved: number;
  /** Samples per group that fall together; 1 = none do. */
  group: number;
}

export const scenes: readonly Scene[] = [
  { samples: 60, old: 4, now: 4, spread: 'wide', moved: 0.2, group: 1 },
  { samples: 250, old: 4, now: 4, spread: 'ends', moved: 0.1, group: 1 },
  { samples: 250, old: 8, now: 8, spread: 'wide', moved: 0.1, group: 1 },
  { samples: 250, old: 2, now: 2, spread: 'ends', moved: 0.05, group: 1 },
  { samples: 250, old: 16, now: 16, spread: 'ends', moved: 0.05, group: 1 },
  { samples: 100, old: 5, now: 1, spread: 'ends', moved: 0.1, group: 1 },
  { samples: 250, old: 4, now: 4, spread: 'alike', moved: 0.2, group: 1 },
  { samples: 300, old: 4, now: 4, spread: 'ends', moved: 0.1, group: 10 },
];

function probability(random: SeededRandom, spread: Scene['spread']): number {
  const u = random.next();
  if (spread === 'alike') return 0.6;
  if (spread === 'wide') return u ** 0.7;
  return u < 0.35 ? 0.02 : u < 0.8 ? 0.97 : random.next();
}

function drawPair(random: SeededRandom, { spread, moved }: Scene, heavy: number): [old: number, now: number] {
  const old = probability(random, spread);
  const u = random.next();
  if (u < moved * 0.6 * heavy) return [old, old * random.next() * 0.5];
  return [old, u > 1 - moved * 0.4 ? old + (1 - old) * random.next() : old];
}

const quantities = [
  'avg@k',
  'change of avg@k',
  'one answer',
  'expected',
  'excess',
  'pass@2',
  'change of pass^2',
] as const;
export type Quantity = (typeof quantities)[number];

/** What the intervals are to hold: means over the scene's own distribution, from `draws` samples of it. */
export function truthOf(scene: Scene, random: SeededRandom, draws: number): Record<Quantity, number> {
  const sums = Object.fromEntries(quantities.map((name) => [name, 0])) as Record<Quantity, number>;
  for (let i = 0; i < draws; i += 1) {
    const heavy = scene.group === 1 ? 1 : random.next() < 0.5 ? 2 : 0;
    const [old, now] = drawPair(random, scene, heavy);
    const noises = [...(scene.old > 1 ? [old * (1 - old)] : []), ...(scene.now > 1 ? [now * (1 - now)] : [])];
    const noise = noises.reduce((sum, value) => sum + value, 0) / Math.max(1, noises.length);
    sums['avg@k'] += old;
    sums['change of avg@k'] += now - old;
    sums['one answer'] += old * (1 - now);
    sums.expected += noise;
    sums.excess += old * (1 - now) - noise;
    sums['pass@2'] += 1 - (1 - old) ** 2;
    sums['change of pass^2'] += now ** 2 - old ** 2;
  }
  for (const name of quantities) sums[name] /= draws;
  return sums;
}

function drawSummary(scene: Scene, random: SeededRandom): AttemptSummary {
  const { samples, old, now, group } = scene;
  const columns = { leftRight: new Uint32Array(samples), rightRight: new Uint32Array(samples) };
  const rightOf = (count: number, p: number): number => {
    let right = 0;
    for (let i = 0; i < count; i += 1) right += random.next() < p ? 1 : 0;
    return right;
  };
  let heavy = 1;
  for (let i = 0; i < samples; i += 1) {
    if (group > 1 && i % group === 0) heavy = random.next() < 0.5 ? 2 : 0;
    const [before, after] = drawPair(random, scene, heavy);
    columns.leftRight[i] = rightOf(old, before);
    columns.rightRight[i] = rightOf(now, after);
  }
  const summary = attemptSummary(
    {
      ...columns,
      leftAttempts: new Uint32Array(samples).fill(old),
      rightAttempts: new Uint32Array(samples).fill(now),
      isNegative: new Uint8Array(samples),
      clusters: group === 1 ? null : Int32Array.from({ length: samples }, (_, i) => Math.floor(i / group)),
    },
    0.95,
  );
  if (summary === null) throw new Error('a scene has several answers per sample');
  return summary;
}

function intervalsOf({
  success,
  oneAnswer,
  passAt,
  passAll,
}: AttemptSummary): Partial<Record<Quantity, ChangeEstimate>> {
  const [some, all] = [passAt.find(({ k }) => k === 2), passAll.find(({ k }) => k === 2)];
  return {
    'avg@k': success.left,
    'change of avg@k': success.change,
    'one answer': oneAnswer.nfr,
    ...(oneAnswer.expected === null ? {} : { expected: oneAnswer.expected }),
    ...(oneAnswer.excessNfr === null ? {} : { excess: oneAnswer.excessNfr }),
    ...(some === undefined ? {} : { 'pass@2': some.left }),
    ...(all === undefined ? {} : { 'change of pass^2': all.change }),
  };
}

/** Share of simulated comparisons whose 95 % interval holds the truth, by quantity. */
export function coverageOf(
  scene: Scene,
  truth: Record<Quantity, number>,
  random: SeededRandom,
  comparisons: number,
): Partial<Record<Quantity, number>> {
  const held: Partial<Record<Quantity, number>> = {};
  for (let i = 0; i < comparisons; i += 1) {
    for (const [name, interval] of Object.entries(intervalsOf(drawSummary(scene, random)))) {
      const { low, high } = interval;
      const quantity = name as Quantity; // keys of intervalsOf
      const holds = low !== null && high !== null && low <= truth[quantity] && truth[quantity] <= high;
      held[quantity] = (held[quantity] ?? 0) + (holds ? 1 / comparisons : 0);
    }
  }
  return held;
}

/** How often the sign-flip test has p ≤ 0.05 where nothing changed, and mean counts of samples by their own test. */
export function underNoChange(scene: Scene, random: SeededRandom, comparisons: number) {
  const sums = { rejected: 0, worse: 0, expectedWorse: 0, excessNfr: 0 };
  for (let i = 0; i < comparisons; i += 1) {
    const { success, tested, oneAnswer } = drawSummary({ ...scene, moved: 0 }, random);
    sums.rejected += success.p <= 0.05 ? 1 / comparisons : 0;
    sums.worse += tested.worse / comparisons;
    sums.expectedWorse += tested.expectedWorse / comparisons;
    sums.excessNfr += (oneAnswer.excessNfr?.value ?? 0) / comparisons;
  }
  return sums;
}
