import { describe, expect, test } from 'vitest';
import { matchCurves } from '../../../src-main/shared/domain/statistics/matched-curves.ts';
import type { MethodCurve } from '../../../src-main/shared/domain/statistics/matched-curves.ts';
import { firstPlaceOf, monotoneCubic, valueAt } from '../../../src-main/shared/domain/statistics/monotone-cubic.ts';

// Expected values by SciPy: test/golden/curves.py.

test.each([
  { y: [0, 1, 4, 4.5], expected: [0.20800000000000005, 1, 3.0146415094339627, 4.322716981132076, 4.495169811320754] },
  { y: [0, 3, 2, 9], expected: [1.7759999999999998, 3, 2.352, 3.2159999999999993, 7.750999999999999] },
])('the curve through $y is SciPy’s PchipInterpolator', ({ y, expected }) => {
  const curve = monotoneCubic([0, 0.25, 0.5, 1], y);
  const found = [0.1, 0.25, 0.4, 0.7, 0.95].map((place) => valueAt(curve, place));
  found.forEach((value, i) => expect(value).toBeCloseTo(expected[i] ?? Number.NaN, 12));
});

test('two points make a line, and a height is found where it is first reached', () => {
  expect(valueAt(monotoneCubic([0, 1], [0, 5]), 0.3)).toBeCloseTo(1.5, 12);
  const hill = monotoneCubic([0, 0.25, 0.5, 1], [0, 3, 2, 9]);
  expect(firstPlaceOf(hill, 3)).toBeCloseTo(0.25, 7);
  expect(firstPlaceOf(hill, 0)).toBe(0);
  expect(firstPlaceOf(hill, 9.5)).toBeNull();
  expect(() => monotoneCubic([0, 0.5, 0.5], [0, 1, 2])).toThrow();
});

type Row = [sampled: number[], kl: number[], flips: number[]];
const curveOf = (method: string, seed: number, [sampled, kl, flips]: Row): MethodCurve => ({
  method,
  seed,
  points: [0, 0.5, 1].map((fraction, i) => ({
    fraction,
    along: { 'sampled-reward': sampled[i] ?? null, 'greedy-reward': null, kl: kl[i] ?? null },
    negativeFlips: flips[i] ?? 0,
    n: 1000,
  })),
});
const curves = [
  curveOf('DPO', 1, [
    [2, 5, 8],
    [0, 2, 9],
    [0, 60, 200],
  ]),
  curveOf('DPO', 2, [
    [2, 5.5, 7.5],
    [0, 2.5, 8],
    [0, 70, 190],
  ]),
  curveOf('DPO', 3, [
    [2, 4.5, 9],
    [0, 1.8, 10],
    [0, 55, 230],
  ]),
  curveOf('online DPO', 1, [
    [2, 6, 8.5],
    [0, 1.5, 5],
    [0, 50, 130],
  ]),
  curveOf('online DPO', 2, [
    [2, 5, 7],
    [0, 1.2, 4.5],
    [0, 40, 120],
  ]),
  curveOf('online DPO', 3, [
    [2, 5.2, 8],
    [0, 1.4, 5.5],
    [0, 48, 110],
  ]),
];

describe('curve against curve', () => {
  test.each([
    {
      axis: 'sampled-reward' as const,
      perSeed: [0.5330980919143701, 0.7724097758211879, 0.6065396868141283],
      over: [0.6297546324245904, 0.3945415578574813, 1.0051942290030953],
      range: [6, 5, 6],
    },
    {
      axis: 'kl' as const,
      perSeed: [1.0355100682963267, 1.0082380598980654, 0.9157064411609673],
      over: [0.9851247436709565, 0.8389140509351718, 1.1568178641315452],
      range: [5, 4.5, 5.5],
    },
  ])('$axis: ratios and their t interval on the log scale are SciPy’s', ({ axis, perSeed, over, range }) => {
    const { rows } = matchCurves(curves, { axis, reference: 'DPO' });
    expect(rows.map(({ method, answer }) => [method, answer])).toEqual([
      ['DPO', null],
      ['online DPO', 'cannot-be-told'],
    ]);
    const ratio = rows[1]?.ratio;
    ratio?.perSeed.forEach(({ value }, i) => expect(value).toBeCloseTo(perSeed[i] ?? Number.NaN, 7));
    [ratio?.mean, ratio?.low, ratio?.high].forEach((value, i) => expect(value).toBeCloseTo(over[i] ?? Number.NaN, 7));
    expect(rows[1]?.range?.perSeed.map(({ value }) => value)).toEqual(range);
  });

  test('two runs along one path are equal at equal KL, however far each of them goes', () => {
    // KL is the square of the distance and flips are its measure, as near the old weights: nobody breaks less per nat.
    const along = (method: string, length: number) =>
      [1, 2].map((seed) =>
        curveOf(method, seed, [
          [0, length / 2, length],
          [0, (length / 2) ** 2, length ** 2],
          [0, 50 * length, 100 * length],
        ]),
      );
    const { rows } = matchCurves([...along('far', 4), ...along('near', 2)], { axis: 'kl', reference: 'far' });
    expect(rows[1]?.ratio?.mean).toBeCloseTo(1, 2);
  });

  test('a run that flips nothing has a ratio, of counts with half a sample more', () => {
    const [far] = curves;
    const none = { ...far!, method: 'none', points: far!.points.map((point) => ({ ...point, negativeFlips: 0 })) };
    const ratio = matchCurves([far!, none], { axis: 'sampled-reward', reference: 'DPO' }).rows[1]?.ratio;
    // At 50, 75 and 100 % of the gain of 6 the reference flips 60, 118 (SciPy’s PCHIP) and 200.
    expect(ratio?.mean).toBeCloseTo(0.5 / Math.cbrt(60.5 * 118.5 * 200.5), 7);
  });

  test('a seed without a ratio is named with its reason', () => {
    const odd = [
      ...curves.slice(0, 3),
      curveOf('m', 1, [
        [2, 1.5, 1],
        [0, 1, 2],
        [0, 3, 4],
      ]),
      curveOf('m', 5, [
        [2, 3, 4],
        [0, 1, 2],
        [0, 0, 0],
      ]),
      curveOf('DPO', 5, [
        [2, 3, 4],
        [0, 1, 2],
        [0, 0, 0],
      ]),
      curveOf('m', 4, [
        [2, 3, 4],
        [0, 1, 2],
        [0, 3, 4],
      ]),
    ];
    const row = (axis: 'sampled-reward' | 'greedy-reward') =>
      matchCurves(odd, { axis, reference: 'DPO' }).rows.find(({ method }) => method === 'm');
    expect(row('sampled-reward')).toEqual({
      method: 'm',
      ratio: null,
      range: null,
      leftOut: [
        { seed: 1, why: 'no-ground' },
        { seed: 5, why: 'no-flips' },
        { seed: 4, why: 'no-partner' },
      ],
      answer: 'cannot-be-told',
    });
    expect(row('greedy-reward')?.leftOut[0]).toEqual({ seed: 1, why: 'not-measured' });
  });

  test('half the flips at every reward on every seed is a ratio of a half, and one seed has no interval', () => {
    const half = curves.slice(0, 3).map((curve) => ({
      ...curve,
      method: 'half',
      points: curve.points.map((point) => ({ ...point, negativeFlips: point.negativeFlips / 2 })),
    }));
    const over = (own: MethodCurve[]) =>
      matchCurves([...curves, ...own], { axis: 'sampled-reward', reference: 'DPO' }).rows.find(
        ({ method }) => method === 'half',
      );
    const [three, one] = [over(half), over(half.slice(0, 1))];
    expect([three?.ratio?.mean, three?.ratio?.low, three?.ratio?.high].map((x) => x?.toFixed(2))).toEqual(
      Array(3).fill('0.50'),
    );
    expect([three?.answer, one?.answer, one?.ratio?.low]).toEqual(['fewer', 'cannot-be-told', null]);
  });
});
