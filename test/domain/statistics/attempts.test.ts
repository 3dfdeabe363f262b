import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { attemptSummary } from '../../../src-main/shared/domain/statistics/attempt-summary.ts';
import type { PairedAttempts } from '../../../src-main/shared/domain/statistics/attempt-summary.ts';
import { pairedDifference, wilson } from '../../../src-main/shared/domain/statistics/intervals.ts';
import { mcnemarExact } from '../../../src-main/shared/domain/statistics/mcnemar.ts';
import { signFlipP } from '../../../src-main/shared/domain/statistics/sign-flip.ts';
import {
  flipsByItself,
  flipStands,
  passAllK,
  passAtK,
  testSolved,
} from '../../../src-main/shared/domain/statistics/solved.ts';
import type { Solved } from '../../../src-main/shared/domain/statistics/solved.ts';

/** Written by test/golden/attempts.py from SciPy and from counting over all draws. */
const reference = JSON.parse(
  readFileSync(path.join(import.meta.dirname, '../../assets/statistics/attempts.json'), 'utf8'),
) as {
  drawn: (Solved & { k: number; some: number; all: number })[];
  byItself: (Solved & { flips: number })[];
  tested: { old: [number, number]; now: [number, number]; p: number; worse: number; better: number }[];
  signFlips: { differences: number[]; p: number }[];
};
const solved = ([attempts, right]: readonly [number, number]): Solved => ({ attempts, right });

/** Old and new of each sample as [answers, right ones]. */
function paired(
  samples: [old: [number, number], now: [number, number]][],
  groups: number[] | null = null,
): PairedAttempts {
  const column = (pick: (sample: (typeof samples)[number]) => number) => Uint32Array.from(samples, pick);
  return {
    leftAttempts: column(([[n]]) => n),
    leftRight: column(([[, c]]) => c),
    rightAttempts: column(([, [n]]) => n),
    rightRight: column(([, [, c]]) => c),
    isNegative: Uint8Array.from(samples, ([[n, c], [m, d]]) => (2 * c > n && 2 * d < m ? 1 : 0)),
    clusters: groups === null ? null : Int32Array.from(groups),
  };
}
const repeated = <T>(times: number, value: T): T[] => Array.from({ length: times }, () => value);

describe('one sample with several answers', () => {
  it('has the pass@k and pass^k of all draws of k answers', () => {
    for (const { k, some, all, ...sample } of reference.drawn) {
      expect(passAtK(sample, k)).toBeCloseTo(some, 12);
      expect(passAllK(sample, k)).toBeCloseTo(all, 12);
    }
    expect([passAtK({ attempts: 3, right: 1 }, 4), passAllK({ attempts: 3, right: 3 }, 0)]).toEqual([null, null]);
  });
  it('flips by itself as often as two of its answers differ that way', () => {
    for (const { flips, ...sample } of reference.byItself) expect(flipsByItself(sample)).toBeCloseTo(flips, 12);
    expect(flipsByItself({ attempts: 1, right: 1 })).toBeNull();
  });
  it('is tested as SciPy’s Fisher does, with what that says under no change', () => {
    for (const { old, now, p, worse, better } of reference.tested) {
      const test = testSolved(solved(old), solved(now), 0.05);
      expect(test.p).toBeCloseTo(p, 10);
      expect(test.worse).toBeCloseTo(worse, 10);
      expect(test.better).toBeCloseTo(better, 10);
    }
  });
  it.each<[string, [number, number], [number, number], boolean | null]>([
    ['all of two against none', [2, 2], [2, 0], true],
    ['all of two against half', [2, 2], [2, 1], false],
    ['nearly all of 16 against nearly none', [16, 15], [16, 1], true],
    ['one answer against five that agree', [1, 1], [5, 0], true],
    ['one answer against five that do not', [1, 1], [5, 2], false],
    ['one answer each', [1, 1], [1, 0], null],
  ])('bears a flip out or not: %s', (_, old, now, expected) => {
    expect(flipStands(solved(old), solved(now))).toBe(expected);
  });
});

describe('the sign-flip test', () => {
  it('counts as SciPy’s permutation test over all signs', () => {
    for (const { differences, p } of reference.signFlips)
      expect(signFlipP(differences)).toEqual({ p: expect.closeTo(p, 12), isExact: true });
  });
  it('is exact McNemar with one answer per sample', () => {
    for (const [negative, positive] of [
      [15, 4],
      [40, 20],
      [60, 60],
      [0, 1],
      [27, 138],
    ] as const) {
      const { p } = signFlipP([...repeated(negative, -1), ...repeated(positive, 1), 0]);
      expect(p).toBeCloseTo(mcnemarExact(negative, positive), 12);
    }
  });
  it('is normal where signs are too many to count, and agrees there', () => {
    const { p, isExact } = signFlipP([...repeated(1500, 3), ...repeated(1550, -3)]);
    expect(isExact).toBe(true);
    const many = signFlipP([...repeated(1500, 3), ...repeated(1550, -3), 0.5]);
    expect(many.isExact).toBe(false);
    // The exact probability goes in steps, which the normal curve smooths over.
    expect(Math.abs(many.p - p)).toBeLessThan(0.01);
  });
});

describe('a comparison with several answers per sample', () => {
  it('is worked by hand', () => {
    // Old 4 of 4, 2 of 4, 0 of 4; new 0 of 4, 2 of 4, 1 of 4.
    const summary = attemptSummary(
      paired([
        [
          [4, 4],
          [4, 0],
        ],
        [
          [4, 2],
          [4, 2],
        ],
        [
          [4, 0],
          [4, 1],
        ],
      ]),
      0.95,
    )!;
    expect(summary).toMatchObject({
      n: 3,
      left: { least: 4, most: 4, mean: 4 },
      success: {
        left: { value: expect.closeTo(0.5) },
        right: { value: expect.closeTo(0.25) },
        change: { value: expect.closeTo(-0.25) },
      },
      // |−4 + 0 + 1| = 3 of the sums ±4 ± 1: all are at least 3 away from 0.
      tested: { alpha: 0.05, worse: 1, better: 0 },
      negativeFlips: { solid: 1, flaky: 0 },
    });
    expect(summary.success).toMatchObject({ p: 1, test: 'sign-flip-exact' });
    // (1·1 + ½·½ + 0) / 3; half answers flip by themselves in 2·2/(4·3) = ⅓ of pairs, 1 of 4 in 1·3/(4·3) = ¼.
    expect(summary.oneAnswer.nfr.value).toBeCloseTo(1.25 / 3, 12);
    expect(summary.oneAnswer.expected?.value).toBeCloseTo((0 + 1 / 3 + 1 / 8) / 3, 12);
    expect(summary.oneAnswer.excessNfr?.value).toBeCloseTo((1.25 - 1 / 3 - 1 / 8) / 3, 12);
    expect(summary.passAt.map(({ k, left, right }) => [k, left.value, right.value])).toEqual([
      [1, expect.closeTo(0.5), expect.closeTo(0.25)],
      [2, expect.closeTo((1 + 5 / 6) / 3), expect.closeTo((5 / 6 + 1 / 2) / 3)],
      [4, expect.closeTo(2 / 3), expect.closeTo(2 / 3)],
    ]);
    expect(summary.passAll.at(-1)).toMatchObject({ k: 4, left: { value: expect.closeTo(1 / 3) }, right: { value: 0 } });
  });

  it('says what samples answered once say, where nearly all were', () => {
    const once: [[number, number], [number, number]][] = [
      ...repeated<[[number, number], [number, number]]>(15, [
        [1, 1],
        [1, 0],
      ]),
      ...repeated<[[number, number], [number, number]]>(4, [
        [1, 0],
        [1, 1],
      ]),
      ...repeated<[[number, number], [number, number]]>(81, [
        [1, 1],
        [1, 1],
      ]),
    ];
    expect(attemptSummary(paired(once), 0.95)).toBeNull();
    // One sample with two answers alike on both sides changes no count.
    const summary = attemptSummary(
      paired([
        ...once.slice(0, -1),
        [
          [2, 2],
          [2, 2],
        ],
      ]),
      0.95,
    )!;
    expect(summary.success.p).toBeCloseTo(mcnemarExact(15, 4), 12);
    const plain = wilson(15, 100);
    const net = pairedDifference(15, 4, 100);
    expect(summary.oneAnswer.nfr.low).toBeCloseTo(plain.low, 2);
    expect(summary.oneAnswer.nfr.high).toBeCloseTo(plain.high, 2);
    expect(summary.success.change.low).toBeCloseTo(net.low, 2);
    expect(summary.success.change.high).toBeCloseTo(net.high, 2);
  });

  it('has excess flips whose sum is the mean square of the change, and whose difference is the change itself', () => {
    const samples = Array.from({ length: 60 }, (_, i): [[number, number], [number, number]] => [
      [5, (i * 7) % 6],
      [3 + (i % 3), (i * 5) % (4 + (i % 3))],
    ]);
    const { oneAnswer, success } = attemptSummary(paired(samples), 0.95)!;
    expect(oneAnswer.excessPfr!.value - oneAnswer.excessNfr!.value).toBeCloseTo(success.change.value, 12);
    expect(oneAnswer.moved).toBeCloseTo(oneAnswer.excessNfr!.value + oneAnswer.excessPfr!.value, 12);
  });

  it('takes samples of one group together', () => {
    const samples = repeated<[[number, number], [number, number]]>(40, [
      [4, 3],
      [4, 2],
    ]).map((sample, i): typeof sample =>
      i % 8 < 4
        ? sample
        : [
            [4, 1],
            [4, 4],
          ],
    );
    const alone = attemptSummary(paired(samples), 0.95)!;
    const groups = attemptSummary(
      paired(
        samples,
        samples.map((_, i) => Math.floor(i / 4)),
      ),
      0.95,
    )!;
    const width = ({ low, high }: { low: number | null; high: number | null }) => (high ?? 0) - (low ?? 0);
    expect(width(groups.success.change)).toBeGreaterThan(1.5 * width(alone.success.change));
    expect(groups.success.change.value).toBeCloseTo(alone.success.change.value, 12);
  });

  it('leaves samples out that have no answer with a verdict on a side', () => {
    expect(
      attemptSummary(
        paired([
          [
            [0, 0],
            [4, 2],
          ],
          [
            [4, 1],
            [4, 1],
          ],
        ]),
        0.95,
      )?.n,
    ).toBe(1);
    expect(
      attemptSummary(
        paired([
          [
            [0, 0],
            [4, 2],
          ],
        ]),
        0.95,
      ),
    ).toBeNull();
  });
});
