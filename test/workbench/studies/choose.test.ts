import { expect, test } from 'vitest';
import type { StudyMethod } from '../../../src-main/workbench/studies/methods.ts';
import { chooseCandidates } from '../../../src-main/workbench/studies/choose.ts';
import type { StudyPath } from '../../../src-main/workbench/studies/read-paths.ts';

const method: StudyMethod = {
  name: 'm',
  isLowerRate: false,
  tried: 4,
  variants: [{}, {}, {}, {}],
  copyOf: null,
  at: ['methods', 0],
};

/** A straight path: by its gain in reward, and its flips of 100 at the end. */
const path = (candidate: number, seed: number, gain: number, negative: number): StudyPath => ({
  model: 'small',
  method: 'm',
  candidate,
  seed,
  run: null,
  points: [0, 1].map((fraction) => ({
    fraction,
    along: { 'sampled-reward': 2 + gain * fraction, 'greedy-reward': null, kl: null },
    sampled: null,
    counts: { words: { n: 100, negative: negative * fraction, positive: 0 } },
  })),
});

test('the fewest flips at equal reward are chosen, of those that learn at least half as much as the best', () => {
  // At equal reward the flips per unit of gain decide on straight paths: 10, 5, 1 (which barely learns) and 6.
  const paths = [0, 1].flatMap((seed) => [
    path(0, seed, 4, 40),
    path(1, seed, 3, 15),
    path(2, seed, 1, 1),
    path(3, seed, 4, 24),
  ]);
  const results = chooseCandidates([method], paths, ['words']);
  expect(results.map(({ candidate, gain, ratio, chosen }) => [candidate, gain, ratio?.toFixed(6), chosen])).toEqual([
    [0, 4, '1.000000', false],
    [1, 3, '0.511721', true],
    [2, 1, '0.159509', false],
    [3, 4, '0.607081', false],
  ]);
});

test('a method with one setting has nothing to choose, and candidates that cannot be compared leave the first', () => {
  expect(chooseCandidates([{ ...method, variants: [{}] }], [], ['words'])).toEqual([]);
  const none = chooseCandidates([{ ...method, variants: [{}, {}] }], [path(0, 0, 4, 0), path(1, 0, 4, 0)], ['words']);
  expect(none.map(({ ratio, chosen }) => [ratio, chosen])).toEqual([
    [1, true],
    [null, false],
  ]);
});
