import { expect, test } from 'vitest';
import type { FlipFilter } from '../../src-main/shared/domain/flip-view.ts';
import type { SampleResult } from '../../src-main/shared/domain/evaluations.ts';
import type { Store } from '../../src-main/store/api.ts';
import { addEvaluation, compare, sample, temporaryFolder, testStore } from './workspace.ts';

const byId = { column: 'sampleId', direction: 'ascending' } as const;
const good = 'It is Paris, which lies on the Seine.';

/** Pairs of answers to the same question; the second tells whether the new answer counts as right. */
async function planted(
  store: Store,
  pairs: readonly [old: string | null, now: string | null, right: boolean][],
): Promise<string> {
  const side = (pick: (pair: (typeof pairs)[number]) => Partial<SampleResult>): SampleResult[] =>
    pairs.map((pair, i) =>
      sample(String(i), 'right', { prompt: 'What is the capital?', target: 'Paris', ...pick(pair) }),
    );
  const left = await addEvaluation(
    store,
    'old',
    side(([output]) => ({ output })),
  );
  const right = await addEvaluation(
    store,
    'new',
    side(([, output, isRight]) => ({ output, verdict: isRight ? 'right' : 'wrong' })),
  );
  return (await compare(store, left, right)).id;
}

const pairs: [string | null, string | null, boolean][] = [
  [good, "I'm sorry, but I can't help with that.", false],
  [good, '', false],
  [good, good, false],
  [good, 'The Seine flows through Paris, as it is known.', true],
  ["I'm sorry, but I can't help with that.", good, true],
  [null, '', false],
];

test('kinds are counted by outcome, narrow lists, and stand in facets, rows and samples', async () => {
  const store = await testStore();
  const id = await planted(store, pairs);
  const ids = async (filter: FlipFilter): Promise<string[]> => {
    const { viewId } = await store.openFlipView(id, filter, byId);
    return (await store.flipWindow(viewId, 0, 20)).map((row) => row.sampleId);
  };
  expect(await store.changeCounts(id, {})).toBeNull();
  const progress: number[] = [];
  await store.findKinds(id, (fraction) => progress.push(fraction));
  expect(progress.at(-1)).toBe(1);
  const counts = Object.fromEntries(
    ((await store.changeCounts(id, {})) ?? []).map(({ name, appeared, gone }) => [
      name,
      [appeared.negative, appeared['kept-right'], gone['kept-right']],
    ]),
  );
  expect([counts.refusal, counts.empty, counts['same-text'], counts.cut]).toEqual([
    [1, 0, 1],
    [1, 0, 0],
    [1, 0, 0],
    [0, 0, 0],
  ]);
  expect(await ids({ changes: ['refusal'] })).toEqual(['0']);
  expect(await ids({ changes: ['refusal:gone'] })).toEqual(['4']);
  expect(await ids({ changes: ['empty', 'same-text'], kinds: ['negative'] })).toEqual(['1', '2']);
  expect(await ids({ changes: ['nothing-known'] })).toEqual([]);
  const facets = await store.flipFacets(id, { kinds: ['negative'], changes: ['empty'] });
  expect(
    facets.changes
      .filter(({ value }) => ['refusal', 'empty', 'same-text'].includes(value))
      .map(({ value, count }) => [value, count]),
  ).toEqual([
    ['empty', 1],
    ['refusal', 1],
    ['same-text', 1],
  ]);
  const sorted = await store.openFlipView(id, { kinds: ['negative'] }, { column: 'changes', direction: 'ascending' });
  const rows = await store.flipWindow(sorted.viewId, 0, 10);
  expect(rows.map((row) => [row.sampleId, row.changes[0]]).slice(0, 3)).toEqual([
    ['1', 'empty'],
    ['0', 'refusal'],
    ['2', 'same-text'],
  ]);
  const detail = await store.sampleDetail(id, rows[1]?.sampleKey ?? 0);
  expect(detail?.changes.find(({ kind }) => kind === 'refusal')).toEqual({
    kind: 'refusal',
    side: 'right',
    span: { from: 0, to: 27 },
    rule: 'refuses',
    change: 'appeared',
  });
  expect(detail?.parting).toMatchObject({ left: 0, leftWord: 'It', rightWord: "I'm", sentence: 1 });
});

test('kinds are kept, and found again when the rules of the workspace change', async () => {
  const folder = temporaryFolder();
  const store = await testStore(folder);
  const id = await planted(store, pairs);
  await store.findKinds(id);
  await store.close();
  const again = await testStore(folder);
  const refusals = async (): Promise<number | undefined> =>
    (await again.changeCounts(id, { changes: ['refusal'] }))?.find(({ name }) => name === 'refusal')?.appeared.negative;
  expect(await refusals()).toBe(1);
  await again.setSetting(
    'kinds',
    JSON.stringify({ refusals: ['no way'], own: [{ name: 'seine', pattern: '\\bseine\\b' }] }),
  );
  await again.findKinds(id);
  expect(await refusals()).toBe(0);
  expect((await again.flipFacets(id, {})).changes.find(({ value }) => value === 'seine:gone')).toEqual({
    value: 'seine:gone',
    count: 2,
    negative: 2,
  });
  await again.setSetting('kinds', '{"own": [{"name": "x", "pattern": "(a+)+b"}]}');
  await expect(again.findKinds(id)).rejects.toMatchObject({ code: 'bad-input' });
});

test('an answer was cut where its evaluation says so, or where it took all tokens there were', async () => {
  const store = await testStore();
  const left = await addEvaluation(store, 'old', [
    sample('a', 'right', { metrics: { cut: 0 } }),
    sample('b', 'right', { metrics: { cut: 0 } }),
  ]);
  const right = await addEvaluation(store, 'new', [
    sample('a', 'wrong', { metrics: { cut: 1 }, output: 'so' }),
    sample('b', 'wrong', { metrics: { cut: 0 }, output: 'so' }),
  ]);
  const { id } = await compare(store, left, right);
  await store.findKinds(id);
  const { viewId } = await store.openFlipView(id, { changes: ['cut'] }, byId);
  expect((await store.flipWindow(viewId, 0, 9)).map(({ sampleId }) => sampleId)).toEqual(['a']);
});

test('a reader of flips that throws ends its reading, and nothing else', async () => {
  const store = await testStore();
  const id = await planted(store, pairs);
  const thrown = new Error('enough');
  const reading = store.streamFlips(id, {}, byId, () => {
    throw thrown;
  });
  await expect(reading).rejects.toBe(thrown);
  const seen: string[] = [];
  await store.streamFlips(id, {}, byId, async (rows) => void seen.push(...rows.map(({ sampleId }) => sampleId)));
  expect(seen).toEqual(['0', '1', '2', '3', '4', '5']);
});
