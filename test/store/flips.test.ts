import { expect, test } from 'vitest';
import { defaultRule, flipKinds } from '../../src-main/shared/domain/flips.ts';
import { addEvaluation, compare, comparisonOf, sample, testStore } from './workspace.ts';

const byId = { column: 'sampleId', direction: 'ascending' } as const;

test('a comparison counts what became of each pair', async () => {
  const store = await testStore();
  const comparison = await comparisonOf(store, [
    ['right', 'wrong'],
    ['right', 'right'],
    ['wrong', 'right'],
    ['wrong', 'wrong'],
    ['tie', 'right'],
    [null, 'right'],
    ['right', 'wrong'],
  ]);
  expect(comparison).toMatchObject({
    state: 'ready',
    pairing: 'sample-id',
    counts: {
      paired: 7,
      unmatchedLeft: 0,
      unmatchedRight: 0,
      missingVerdict: 1,
      kinds: { negative: 2, positive: 1, 'kept-right': 1, 'kept-wrong': 1, tied: 1, missing: 1, unchanged: 0 },
    },
  });
  const vectors = await store.flipVectors(comparison.id, { kinds: ['negative'] });
  expect([...vectors.kinds]).toEqual([flipKinds.indexOf('negative'), flipKinds.indexOf('negative')]);
});

test('a view is cut in windows, and knows where a sample stands', async () => {
  const store = await testStore();
  const comparison = await comparisonOf(
    store,
    Array.from({ length: 30 }, (_, i) => ['right', i % 3 === 0 ? 'wrong' : 'right']),
  );
  const view = await store.openFlipView(
    comparison.id,
    { kinds: ['negative'] },
    { column: 'sampleId', direction: 'descending' },
  );
  expect(view.total).toBe(10);
  const rows = await store.flipWindow(view.viewId, 2, 3);
  expect(rows.map((row) => row.sampleId)).toEqual(['21', '18', '15']);
  expect(rows[0]).toMatchObject({
    kind: 'negative',
    prompt: 'prompt 21',
    leftOutput: 'output 21',
    leftVerdict: 'right',
    rightVerdict: 'wrong',
  });
  expect(await store.flipPosition(view.viewId, rows[2]?.sampleKey ?? -1)).toBe(4);
  await store.closeFlipView(view.viewId);
  await expect(store.flipWindow(view.viewId, 0, 1)).rejects.toMatchObject({ code: 'not-found' });
});

test('facets leave out their own part', async () => {
  const store = await testStore();
  const left = await addEvaluation(store, 'l', [
    sample('a', 'right', { slices: ['x'], score: 1 }),
    sample('b', 'right', { slices: ['x', 'y'], score: 2 }),
    sample('c', 'wrong', { slices: ['y'], score: 3 }),
  ]);
  const right = await addEvaluation(store, 'r', [
    sample('a', 'wrong', { slices: ['x'], score: 0 }),
    sample('b', 'right', { slices: ['x', 'y'], score: 2 }),
    sample('c', 'right', { slices: ['y'], score: 5, tags: ['odd'] }),
  ]);
  const { id } = await compare(store, left, right);
  const facets = await store.flipFacets(id, { kinds: ['negative'], slices: ['x'] });
  expect(facets.kinds).toEqual([
    { value: 'kept-right', count: 1, negative: 0 },
    { value: 'negative', count: 1, negative: 1 },
  ]);
  expect(facets.slices).toEqual([{ value: 'x', count: 1, negative: 1 }]);
  expect((await store.flipFacets(id, {})).tags).toEqual([{ value: 'odd', count: 1, negative: 0 }]);
  expect(facets.delta.reduce((sum, bin) => sum + bin.count, 0)).toBe(1);
  const deltas = await store.openFlipView(id, { delta: [0, null] }, byId);
  expect(deltas.total).toBe(2);
  expect(await store.sliceCounts(id)).toMatchObject([
    { slice: 'x', counts: { negative: 1, 'kept-right': 1 } },
    { slice: 'y', counts: { positive: 1, 'kept-right': 1 } },
  ]);
});

test('opening the same comparison twice answers the same one', async () => {
  const store = await testStore();
  const left = await addEvaluation(store, 'l', [sample('a', 'right')]);
  const right = await addEvaluation(store, 'r', [sample('a', 'wrong')]);
  const first = await store.openComparison(left, right, defaultRule);
  expect((await store.openComparison(left, right, defaultRule)).id).toBe(first.id);
  expect((await store.openComparison(left, right, { kind: 'verdict', ties: 'wrong' })).id).not.toBe(first.id);
});
