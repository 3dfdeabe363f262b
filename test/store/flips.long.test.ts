import { expect, test } from 'vitest';
import type { SampleResult, Verdict } from '../../src-main/shared/domain/evaluations.ts';
import type { FlipFilter } from '../../src-main/shared/domain/flip-view.ts';
import { classifyFlip, defaultRule, flipKinds, scoreDelta } from '../../src-main/shared/domain/flips.ts';
import type { Rule } from '../../src-main/shared/domain/flip-rules.ts';
import { rangeRows } from '../../src-main/store/views/columns.ts';
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
  expect(await store.sliceCounts(id)).toMatchObject({
    slices: [
      { slice: 'x', counts: { negative: 1, 'kept-right': 1 } },
      { slice: 'y', counts: { positive: 1, 'kept-right': 1 } },
    ],
    leftOut: 0,
  });
});

test('opening the same comparison twice returns the same one', async () => {
  const store = await testStore();
  const left = await addEvaluation(store, 'l', [sample('a', 'right')]);
  const right = await addEvaluation(store, 'r', [sample('a', 'wrong')]);
  const first = await store.openComparison(left, right, defaultRule);
  expect((await store.openComparison(left, right, defaultRule)).id).toBe(first.id);
  expect((await store.openComparison(left, right, { kind: 'verdict', ties: 'wrong' })).id).not.toBe(first.id);
});

/** Outcomes of every sort, the same every time. */
function outcome(i: number): { score: number | null; verdict: Verdict | null } {
  const random = (Math.imul(i + 1, 2_654_435_761) >>> 8) / 2 ** 24;
  const verdicts = ['right', 'wrong', 'tie', null] as const;
  return {
    score: i % 11 === 0 ? null : Math.round(random * 8) / 4,
    verdict: verdicts[Math.floor(random * 97) % 4] ?? null,
  };
}

test('each rule says of a pair in the store what it says of it alone', async () => {
  const store = await testStore();
  const old = Array.from({ length: 300 }, (_, i) => outcome(i));
  const now = Array.from({ length: 300 }, (_, i) => outcome(i + 1000));
  const results = (side: typeof old): SampleResult[] =>
    side.map(({ score, verdict }, i) => sample(String(i), verdict, { score }));
  const left = await addEvaluation(store, 'l', results(old));
  const right = await addEvaluation(store, 'r', results(now));
  const rules: Rule[] = [
    defaultRule,
    { kind: 'verdict', ties: 'wrong' },
    { kind: 'verdict', ties: 'right' },
    { kind: 'margin', tau: 0.5, direction: 'higher' },
    { kind: 'margin', tau: 0, direction: 'lower' },
    { kind: 'threshold', threshold: 1, direction: 'higher' },
    { kind: 'threshold', threshold: 1, direction: 'lower' },
  ];
  for (const rule of rules) {
    const { id, counts } = await compare(store, left, right, rule);
    const { kinds, deltas } = await store.flipVectors(id, {});
    expect([...kinds].map((kind) => flipKinds[kind])).toEqual(
      old.map((side, i) => classifyFlip(side, now[i] ?? side, rule)),
    );
    expect([...deltas]).toEqual(old.map((side, i) => scoreDelta(side, now[i] ?? side, rule) ?? NaN));
    expect(Object.values(counts.kinds).reduce((sum, count) => sum + count, 0)).toBe(300);
  }
});

test('a comparison longer than one range is whole', async () => {
  const store = await testStore();
  const count = rangeRows + 1234;
  const results = (shift: number): SampleResult[] =>
    Array.from({ length: count }, (_, i) => ({
      sampleId: String(i),
      prompt: '',
      output: null,
      score: i + shift,
      verdict: (i + shift) % 3 === 0 ? 'wrong' : 'right',
    }));
  const { id, counts } = await compare(
    store,
    await addEvaluation(store, 'l', results(0)),
    await addEvaluation(store, 'r', results(1)),
  );
  expect(counts.paired).toBe(count);
  const { kinds, deltas } = await store.flipVectors(id, {});
  expect(deltas.every((delta) => delta === 1)).toBe(true);
  const negative = flipKinds.indexOf('negative');
  expect(kinds.every((kind, i) => (kind === negative) === (i % 3 === 2))).toBe(true);
  const view = await store.openFlipView(id, {}, { column: 'leftScore', direction: 'descending' });
  expect((await store.flipWindow(view.viewId, count - 2, 5)).map((row) => row.sampleId)).toEqual(['1', '0']);
});

test('ranges are inclusive, and a row without the number is in none', async () => {
  const store = await testStore();
  const scores = [0, 1, 2, null];
  const left = await addEvaluation(
    store,
    'l',
    scores.map((_, i) => sample(String(i), 'right', { score: 0 })),
  );
  const right = await addEvaluation(
    store,
    'r',
    scores.map((score, i) => sample(String(i), 'right', { score, output: 'x'.repeat(i) })),
  );
  const { id } = await compare(store, left, right);
  const found = async (filter: FlipFilter): Promise<number> => (await store.openFlipView(id, filter, byId)).total;
  expect(await found({ delta: [1, 2] })).toBe(2);
  expect(await found({ delta: [null, 0] })).toBe(1);
  expect(await found({ delta: [null, null] })).toBe(4);
  expect(await found({ length: [3, null] })).toBe(1);
  expect(await found({ firing: [0, null] })).toBe(0);
  expect(await found({ kinds: [], slices: [], labels: [], stability: [] })).toBe(4);
  const view = await store.openFlipView(id, {}, { column: 'delta', direction: 'descending' });
  expect((await store.flipWindow(view.viewId, 0, 9)).map((row) => row.delta)).toEqual([2, 1, 0, null]);
});

test('all rows are streamed in order with whole texts, and a slow taker is waited for', async () => {
  const store = await testStore();
  const long = 'x'.repeat(1000);
  const results = Array.from({ length: 2500 }, (_, i) =>
    sample(String(i), 'right', { score: i, prompt: long, cluster: 'c' }),
  );
  const { id } = await compare(
    store,
    await addEvaluation(store, 'l', results),
    await addEvaluation(store, 'r', results),
  );
  const batches: number[] = [];
  const ids: string[] = [];
  await store.streamFlips(id, {}, { column: 'rightScore', direction: 'descending' }, async (rows) => {
    await store.listComparisons();
    batches.push(rows.length);
    ids.push(...rows.map((row) => row.sampleId));
    expect(rows[0]).toMatchObject({ prompt: long, cluster: 'c', note: '' });
  });
  expect(batches).toEqual([1000, 1000, 500]);
  expect(ids).toEqual(Array.from({ length: 2500 }, (_, i) => String(2499 - i)));
  await expect(store.streamFlips(id, {}, byId, () => Promise.reject(new Error('the disk is gone')))).rejects.toThrow(
    'the disk is gone',
  );
});

test('a comparison is not shown before it is built, and a build moves on under the eyes of listeners', async () => {
  const store = await testStore();
  const seen: [string, number][] = [];
  store.onChange(({ comparison }) => comparison && seen.push([comparison.state, comparison.progress]));
  const left = await addEvaluation(store, 'l', [sample('a', 'right')]);
  const right = await addEvaluation(store, 'r', [sample('a', 'wrong')]);
  const record = await store.openComparison(left, right, defaultRule);
  expect(record).toMatchObject({ state: 'building', counts: { paired: 0 } });
  await expect(store.openFlipView(record.id, {}, byId)).rejects.toMatchObject({ code: 'conflict' });
  const fractions: number[] = [];
  await store.buildComparison(record.id, (fraction) => fractions.push(fraction));
  expect(seen.at(-1)).toEqual(['ready', 1]);
  expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
  await store.removeComparison(record.id);
  expect(await store.getComparison(record.id)).toBeNull();
  await expect(store.buildComparison(record.id)).rejects.toMatchObject({ code: 'not-found' });
});
