import { expect, test } from 'vitest';
import { addEvaluation, compare, sample, testStore } from './workspace.ts';
import type { Store } from '../../src-main/store/api.ts';

const ids = async (store: Store, comparisonId: string): Promise<[string, string | null, string | null][]> => {
  const view = await store.openFlipView(comparisonId, {}, { column: 'sampleId', direction: 'ascending' });
  return (await store.flipWindow(view.viewId, 0, 100)).map((row) => [row.sampleId, row.leftOutput, row.rightOutput]);
};

test('samples pair by id and content, what has no partner is counted', async () => {
  const store = await testStore();
  const left = await addEvaluation(
    store,
    'l',
    ['1', '2', '3'].map((id) => sample(id, 'right')),
  );
  const right = await addEvaluation(
    store,
    'r',
    ['4', '3', '2'].map((id) => sample(id, 'wrong')),
  );
  const comparison = await compare(store, left, right);
  expect(comparison).toMatchObject({
    pairing: 'sample-id',
    pairingNote: null,
    counts: { paired: 2, unmatchedLeft: 1, unmatchedRight: 1 },
  });
  expect((await ids(store, comparison.id)).map(([id]) => id)).toEqual(['2', '3']);
});

test('one task under two names pairs by id', async () => {
  const store = await testStore();
  const left = await addEvaluation(
    store,
    'l',
    ['1', '2'].map((id) => sample(id, 'right', { output: `l${id}` })),
    { suiteName: 'before' },
  );
  const right = await addEvaluation(
    store,
    'r',
    ['2', '1'].map((id) => sample(id, 'wrong', { output: `r${id}` })),
    { suiteName: 'after' },
  );
  const comparison = await compare(store, left, right);
  expect(comparison).toMatchObject({ pairing: 'sample-id', counts: { paired: 2, kinds: { negative: 2 } } });
  expect(await ids(store, comparison.id)).toEqual([
    ['1', 'l1', 'r1'],
    ['2', 'l2', 'r2'],
  ]);
  const { sampleKeys } = await store.flipVectors(comparison.id, {});
  expect(await store.sampleDetail(comparison.id, sampleKeys[1] ?? 0)).toMatchObject({
    sampleId: '2',
    left: { output: 'l2' },
    right: { output: 'r2' },
  });
});

test('ids that agree by accident do not pair; equal contents under other ids do', async () => {
  const store = await testStore();
  const left = await addEvaluation(
    store,
    'l',
    ['1', '2', '3'].map((id) => sample(id, 'right')),
    { suiteName: 'a' },
  );
  const right = await addEvaluation(
    store,
    'r',
    ['1', '2', '3'].map((id) =>
      sample(id, 'wrong', { prompt: `prompt ${4 - Number(id)}`, target: `target ${4 - Number(id)}`, output: `r${id}` }),
    ),
    { suiteName: 'b' },
  );
  const comparison = await compare(store, left, right);
  expect(comparison).toMatchObject({ pairing: 'content-hash', counts: { paired: 3 } });
  expect(comparison.pairingNote).toContain('3 ids occur on both sides');
  expect(await ids(store, comparison.id)).toEqual([
    ['1', 'output 1', 'r3'],
    ['2', 'output 2', 'r2'],
    ['3', 'output 3', 'r1'],
  ]);
});

test('different tasks with the same ids do not pair at all', async () => {
  const store = await testStore();
  const left = await addEvaluation(store, 'l', [sample('1', 'right')], { suiteName: 'a' });
  const right = await addEvaluation(store, 'r', [sample('1', 'right', { prompt: 'other' })], { suiteName: 'b' });
  expect(await compare(store, left, right)).toMatchObject({
    counts: { paired: 0, unmatchedLeft: 1, unmatchedRight: 1 },
  });
});

test('within one task ids pair although every prompt was reworded, and it is said', async () => {
  const store = await testStore();
  const left = await addEvaluation(
    store,
    'l',
    ['1', '2'].map((id) => sample(id, 'right')),
  );
  const right = await addEvaluation(
    store,
    'r',
    ['1', '2'].map((id) => sample(id, 'wrong', { prompt: `<user> ${id}` })),
  );
  const comparison = await compare(store, left, right);
  expect(comparison).toMatchObject({ pairing: 'sample-id', counts: { paired: 2 } });
  expect(comparison.pairingNote).toBe(
    '2 of 2 pairs have a different prompt or target on the two sides (another chat template, or other examples in front of the question?).',
  );
});

test('verdicts without prompts pair by id', async () => {
  const store = await testStore();
  const bare = { prompt: '', target: undefined, output: null };
  const left = await addEvaluation(
    store,
    'l',
    ['1', '2'].map((id) => sample(id, 'right', bare)),
    { suiteName: 'a' },
  );
  const right = await addEvaluation(
    store,
    'r',
    ['2', '1', '3'].map((id) => sample(id, 'wrong', bare)),
    { suiteName: 'b' },
  );
  expect(await compare(store, left, right)).toMatchObject({
    pairing: 'sample-id',
    counts: { paired: 2, unmatchedRight: 1 },
  });
});

test('equal contents pair in order, each once', async () => {
  const store = await testStore();
  const same = { prompt: 'p', target: 't' };
  const left = await addEvaluation(
    store,
    'l',
    ['a', 'b', 'c'].map((id) => sample(id, 'right', same)),
    { suiteName: 'a' },
  );
  const right = await addEvaluation(
    store,
    'r',
    ['x', 'y'].map((id) => sample(id, 'wrong', { ...same, output: id })),
    { suiteName: 'b' },
  );
  const comparison = await compare(store, left, right);
  expect(comparison).toMatchObject({
    pairing: 'content-hash',
    counts: { paired: 2, unmatchedLeft: 1, unmatchedRight: 0 },
  });
  expect(await ids(store, comparison.id)).toEqual([
    ['a', 'output a', 'x'],
    ['b', 'output b', 'y'],
  ]);
});
