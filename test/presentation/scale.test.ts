import { expect, it } from 'vitest';
import { linearScale, niceTicks } from '../../src-main/shared/presentation/scale.ts';

it.each([
  [niceTicks([0, 1]), [0, 0.2, 0.4, 0.6, 0.8, 1]],
  [niceTicks([-13, 9]), [-10, -5, 0, 5]],
  [niceTicks([3, 3]), [3]],
  [niceTicks([0, 0.123], 5), [0, 0.05, 0.1]],
  [niceTicks([-3, 17], 6), [0, 5, 10, 15]],
  [niceTicks([6, 6.4], 5), [6, 6.1, 6.2, 6.3, 6.4]],
])('ticks are round and inside: %j', (ticks, expected) => {
  expect(ticks).toEqual(expected);
});

it('a scale has a middle where all values are equal', () => {
  const { domain, place } = linearScale([4, 4], [0, 100]);
  expect([domain, place(4)]).toEqual([[3.5, 4.5], 50]);
});
