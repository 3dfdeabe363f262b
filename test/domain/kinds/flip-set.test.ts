import { expect, test } from 'vitest';
import { answerChanges } from '../../../src-main/shared/domain/kinds/answer-changes.ts';
import { flipClusters } from '../../../src-main/shared/domain/kinds/flip-clusters.ts';
import { clusterName } from '../../../src-main/shared/presentation/flip-set.ts';

let next = 0;
function flip(old: string, now: string, changes: string[], target: string | null = null) {
  const sampleKey = ++next;
  return { sampleKey, sampleId: `s${String(sampleKey).padStart(3, '0')}`, target, old, now, changes };
}

test('which answer became which: the same value in other dress is one, the most frequent first', () => {
  const sums = [
    flip('So it is 18.', 'The answer is 20.', ['other-answer'], '18'),
    flip('The answer is $18.00', 'That makes 20', ['other-answer', 'shorter'], '18'),
    flip('12 + 6 = 18\nA: 18', '12 + 6 = 20\nA: 20', ['other-answer'], 'She has 12 + 6 = 18.\nA: 18'),
    flip('The answer is 7.', 'The answer is 8.', ['other-answer'], '7'),
    flip('The answer is (B).', 'The answer is (C).', ['other-answer'], 'B'),
    flip('The answer is 5.', 'The answer is 5!', ['surface'], '5'),
  ];
  const { samples, distinct, changes } = answerChanges(sums);
  expect([samples, distinct]).toEqual([5, 3]);
  expect(changes.map(({ from, to, count, example }) => [from, to, count, example.sampleId])).toEqual([
    ['18', '20', 3, sums[0]?.sampleId],
    ['7', '8', 1, sums[3]?.sampleId],
    ['B', 'C', 1, sums[4]?.sampleId],
  ]);
});

const refusals = ['maths', 'poems', 'rivers', 'birds'].map((topic) =>
  flip(`Here are some ${topic} for you.`, 'Sorry, I cannot help with that.', ['refusal']),
);
const cats = ['sat', 'ran', 'slept'].map((verb) =>
  flip(`The dog ${verb} near the house.`, `The kitten ${verb} near the house.`, []),
);
const alone = flip('one two three', 'four five six', ['other-answer', 'longer']);

test('groups by kinds and by the word most of them share, each with its two most typical samples', () => {
  const flips = [...cats, alone, ...refusals];
  const clusters = flipClusters(flips);
  expect(clusters.map((cluster) => [cluster.count, clusterName(cluster)])).toEqual([
    [4, 'Refusal: “cannot”, “help”, “sorry” instead of “here”, “some”'],
    [3, 'No rule says why: “kitten” instead of “dog”'],
    [1, 'Other answer'],
  ]);
  expect(clusters[1]?.typical.map(({ sampleId }) => sampleId)).toEqual(cats.slice(0, 2).map((one) => one.sampleId));
  expect(clusters.reduce((sum, { count }) => sum + count, 0)).toBe(flips.length);
  // In whatever order they come.
  expect(flipClusters([...flips].reverse())).toEqual(clusters);
});

test('an empty set, and one of samples without a word, have their groups too', () => {
  expect(flipClusters([])).toEqual([]);
  expect(flipClusters([flip('', '…', ['empty']), flip('…', '', ['empty'])]).map(({ count }) => count)).toEqual([2]);
});
