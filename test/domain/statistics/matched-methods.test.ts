import { describe, expect, it } from 'vitest';
import { matchMethods, pointAt } from '../../../src-main/shared/domain/statistics/matched-methods.ts';
import type { MethodPath } from '../../../src-main/shared/domain/statistics/matched-methods.ts';

/** A path from (position, reward, kl, negative flips) rows of 1,000 samples. */
const path = (method: string, seed: number, rows: [number, number, number | null, number][]): MethodPath => ({
  method,
  seed,
  points: rows.map(([position, reward, kl, negativeFlips]) => ({
    position,
    label: `step ${position}`,
    reward,
    kl,
    negativeFlips,
    positiveFlips: 0,
    n: 1000,
  })),
});

const start: [number, number, number, number] = [0, 6, 0, 0];
const dpo = (seed: number, flips: number) => path('dpo', seed, [start, [24, 10, 8, flips / 2], [48, 18, 24, flips]]);
const guard = (seed: number, flips: number) =>
  path('flipguard', seed, [start, [24, 9, 3, flips / 2], [48, 15, 6, flips]]);

describe('a point at a match', () => {
  it('is interpolated between the checkpoints around it', () => {
    expect(pointAt(dpo(0, 80), 'reward-gain', 8)).toEqual({
      position: 36,
      between: ['step 24', 'step 48'],
      rewardGain: 8,
      kl: expect.closeTo(((Math.sqrt(8) + Math.sqrt(24)) / 2) ** 2, 9) as number,
      nfr: 0.06,
      pfr: 0,
    });
    expect(pointAt(dpo(0, 80), 'kl', 8)).toEqual({
      position: 24,
      between: ['step 24'],
      rewardGain: 4,
      kl: expect.closeTo(8, 9) as number,
      nfr: 0.04,
      pfr: 0,
    });
  });
  it('lies on the KL axis by the root of KL, which is what is straight near the old weights', () => {
    const straight = path('s', 0, [start, [40, 10, 16, 80]]);
    expect(pointAt(straight, 'kl', 4)).toMatchObject({ position: 20, rewardGain: 2, nfr: 0.04 });
  });
  it('is the first crossing of a path that turns back, in whatever order its points come', () => {
    const wavering = path('w', 0, [[30, 9, 2, 50], start, [10, 10, 2, 20], [20, 7, 2, 30]]);
    expect(pointAt(wavering, 'reward-gain', 2)).toMatchObject({ position: 5, nfr: 0.01 });
  });
  it('does not exist beyond the path or without KL', () => {
    expect(pointAt(dpo(0, 80), 'reward-gain', 12.1)).toBeNull();
    expect(
      pointAt(
        path('x', 0, [
          [0, 0, null, 0],
          [1, 5, null, 3],
        ]),
        'kl',
        1,
      ),
    ).toBeNull();
  });
});

describe('methods side by side', () => {
  const paths = [dpo(0, 80), dpo(1, 90), dpo(2, 70), guard(0, 30), guard(1, 36), guard(2, 28)];

  it('meet at the farthest point all of them reach, and answer over seeds', () => {
    const table = matchMethods(paths, { axis: 'reward-gain', reference: 'dpo' });
    expect(table?.at).toBeCloseTo(9 * 0.999, 12);
    const [reference, guarded] = table?.rows ?? [];
    expect(reference).toMatchObject({ method: 'dpo', seeds: [0, 1, 2], unreached: [], nfrRatio: null, answer: null });
    expect(reference?.between).toEqual(['step 24 to step 48']);
    expect(guarded?.answer).toBe('fewer');
    expect(guarded?.nfrRatio?.high).toBeLessThan(1);
    expect(guarded?.rewardGain?.mean).toBeCloseTo(8.991, 10);
  });
  it('are listed with the reference first', () => {
    const table = matchMethods(paths, { axis: 'reward-gain', reference: 'flipguard' });
    expect(table?.rows.map(({ method }) => method)).toEqual(['flipguard', 'dpo']);
  });
  it('tie where seeds scatter', () => {
    const scattered = [dpo(0, 80), dpo(1, 80), guard(0, 90), guard(1, 30)];
    expect(matchMethods(scattered, { axis: 'reward-gain', reference: 'dpo' })?.rows[1]?.answer).toBe('cannot-be-told');
  });
  it('cannot be told apart by one seed, however far apart', () => {
    const row = matchMethods([dpo(0, 800), guard(0, 1)], { axis: 'reward-gain', reference: 'dpo' })?.rows[1];
    expect(row).toMatchObject({ answer: 'cannot-be-told', nfrRatio: { low: null, high: null } });
  });
  it('list the seeds that never get there', () => {
    const row = matchMethods(paths, { axis: 'reward-gain', reference: 'dpo', at: 10 })?.rows[1];
    expect(row).toMatchObject({ seeds: [], unreached: [0, 1, 2], nfr: null, nfrRatio: null, answer: 'cannot-be-told' });
  });
  it('have no table without common ground', () => {
    expect(matchMethods([], { axis: 'kl', reference: 'dpo' })).toBeNull();
    expect(matchMethods([path('still', 0, [start, [1, 6, 0, 0]])], { axis: 'kl', reference: 'still' })).toBeNull();
  });
});
