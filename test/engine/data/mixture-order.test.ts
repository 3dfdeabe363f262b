import { expect, test } from 'vitest';
import { DataOrder, samplesOfPass } from '../../../src-main/engine/data/order.ts';
import { createRandom } from '../../../src-main/engine/random.ts';

const counts = (samples: readonly number[], of: number) =>
  Array.from({ length: of }, (_, sample) => samples.filter((seen) => seen === sample).length);

test('each sample comes as often as its weight says', () => {
  expect(counts(samplesOfPass([2, 2, 1, 1, 1], 0), 5)).toEqual([2, 2, 1, 1, 1]);
});

test('a part of a weight is spread over samples and passes, so that in the long run all are seen alike', () => {
  const weights = [0.25, 0.25, 0.25, 0.25, 1.5, 1.5];
  const passes = Array.from({ length: 8 }, (_, pass) => samplesOfPass(weights, pass));
  expect({ lengths: passes.map(({ length }) => length), all: counts(passes.flat(), 6) }).toEqual({
    lengths: [4, 4, 4, 4, 4, 4, 4, 4],
    all: [2, 2, 2, 2, 12, 12],
  });
});

test('a weighted order is shuffled whole, and goes on from a saved position as if it had not stopped', () => {
  const options = { lengths: [1, 1, 1, 1], stepSize: 3, shuffle: true, groupByLength: false, weights: [3, 1, 1, 1] };
  const whole = new DataOrder(options, createRandom(5, 'shuffle'));
  const steps = Array.from({ length: 4 }, () => {
    const position = structuredClone(whole.position);
    return { position, step: whole.next() };
  });
  const resumed = new DataOrder(options, createRandom(9, 'shuffle'), steps[2]!.position);
  expect(
    counts(
      steps.slice(0, 2).flatMap(({ step }) => step),
      4,
    ),
  ).toEqual([3, 1, 1, 1]);
  expect([resumed.next(), resumed.next()]).toEqual(steps.slice(2).map(({ step }) => step));
});
