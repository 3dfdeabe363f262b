import { expect, test } from 'vitest';
import { distinctWordPairs } from '../../../src-main/shared/domain/statistics/diversity.ts';

test('different pairs of neighbouring words over all of them, within answers and not across', () => {
  // the·cat, cat·sat | the·cat, cat·ran, ran·the, the·cat: 4 different of 6.
  expect(distinctWordPairs(['The cat sat.', 'the cat ran; the cat'])).toBeCloseTo(4 / 6, 12);
  expect(distinctWordPairs(['a b', 'a b', 'a b'])).toBeCloseTo(1 / 3, 12);
});

test('nothing is told where no answer has two words', () => {
  expect(distinctWordPairs(['', 'one'])).toBeNull();
  expect(distinctWordPairs([])).toBeNull();
});
