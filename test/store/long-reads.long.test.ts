import { expect, test } from 'vitest';
import { comparisonSummary, noFlipCounts } from '../../src-main/shared/domain/statistics/summarise.ts';
import { mostSlices } from '../../src-main/store/views/slice-index.ts';
import { SideReaders } from '../../src-main/store/side-readers.ts';
import { WorkbenchError } from '../../src-main/shared/domain/errors.ts';
import type { Store } from '../../src-main/store/api.ts';
import { addEvaluation, compare, sample, temporaryFolder, testStore } from './workspace.ts';

const byId = { column: 'sampleId', direction: 'ascending' } as const;

/** Two evaluations whose samples lie in slices of their own and in a few that they share. */
async function sliced(store: Store, samples: number, own: number): Promise<string> {
  const results = (verdict: 'right' | 'wrong') =>
    Array.from({ length: samples }, (_, i) =>
      sample(String(i), i % 2 === 0 ? 'right' : verdict, {
        slices: [`half ${i % 2}`, ...Array.from({ length: own }, (_, k) => `slice ${i}.${k} of a "long" name, as any`)],
      }),
    );
  const left = await addEvaluation(store, 'l', results('right'));
  return (await compare(store, left, await addEvaluation(store, 'r', results('wrong')))).id;
}

test('of a hundred thousand slices the largest are counted, listed and found, and what is left out is said', async () => {
  const store = await testStore();
  const id = await sliced(store, 200, 500);
  const { slices, leftOut } = await store.sliceCounts(id);
  expect([slices.length, leftOut]).toEqual([mostSlices, 200 * 500 + 2 - mostSlices]);
  expect(slices.filter(({ slice }) => slice.startsWith('half'))).toEqual([
    { slice: 'half 0', counts: { ...noFlipCounts(), 'kept-right': 100 } },
    { slice: 'half 1', counts: { ...noFlipCounts(), negative: 100 } },
  ]);
  const facets = await store.flipFacets(id, { kinds: ['negative'] });
  expect(facets.slices[0]).toEqual({ value: 'half 1', count: 100, negative: 100 });
  expect([facets.slices.length, facets.slicesLeftOut]).toEqual([499, leftOut]);
  // A slice that is not listed can be asked for all the same.
  const view = await store.openFlipView(id, { slices: ['slice 7.499 of a "long" name, as any'] }, byId);
  expect((await store.flipWindow(view.viewId, 0, 10)).map(({ sampleId }) => sampleId)).toEqual(['7']);
  const { ends, kinds } = await store.sliceSamples(id);
  const at = slices.findIndex(({ slice }) => slice === 'half 1');
  expect(kinds.slice(ends[at - 1] ?? 0, ends[at])).toEqual(new Uint8Array(100));
  const counts = slices.map(({ slice: name, counts: counted }) => ({
    name,
    counts: { ...noFlipCounts(), ...counted },
  }));
  const summary = comparisonSummary({
    left: { id: 'l', name: 'l' },
    right: { id: 'r', name: 'r' },
    rule: { kind: 'verdict', ties: 'excluded' },
    unmatchedLeft: 0,
    unmatchedRight: 0,
    counts: { ...noFlipCounts(), negative: 100, 'kept-right': 100 },
    slices: counts,
  });
  expect(summary.slices.find(({ name }) => name === 'half 1')).toMatchObject({ n: 100, negativeFlips: 100 });
});

const long = (word: string): string => `${'naïve words and more of them, '.repeat(40_000)}${word}`;

test('a search over long texts finds what is there while the reader answers others', async () => {
  const store = await testStore();
  const results = (side: string) =>
    Array.from({ length: 6 }, (_, i) =>
      sample(String(i), 'right', { prompt: `p${i}`, output: long(`${side}${i % 3}`) }),
    );
  const { id } = await compare(
    store,
    await addEvaluation(store, 'l', results('left')),
    await addEvaluation(store, 'r', results('right')),
  );
  const order: string[] = [];
  const search = store
    .openFlipView(id, { search: 'left2', searchMode: 'word' }, byId)
    .then((view) => (order.push('search'), view.total));
  await store.listSettings();
  order.push('settings');
  expect(await search).toBe(2);
  expect(order).toEqual(['settings', 'search']);
  // Asked again by the facets, it is not searched again; the answer is the same by reading and by index.
  await store.settled();
  expect((await store.flipFacets(id, { search: 'right1' })).kinds).toEqual([
    { value: 'kept-right', count: 2, negative: 0 },
  ]);
  expect((await store.openFlipView(id, { search: 'ïve words' }, byId)).total).toBe(6);
});

test('a reading that does not end is ended with its thread, and the next one has another', async () => {
  const store = await testStore(temporaryFolder());
  const aside = new SideReaders({ path: store.path, owner: 'test' });
  const tooLong = (): WorkbenchError => new WorkbenchError('unavailable', 'too long');
  const never = aside.read(() => new Promise<never>(() => undefined), { ms: 50, tooLong });
  await expect(never).rejects.toThrow('too long');
  expect(await aside.read((thread) => thread.call('listModels'), { ms: 60_000, tooLong })).toEqual([]);
  await aside.close();
  await expect(aside.read((thread) => thread.call('listModels'), { ms: 50, tooLong })).rejects.toThrow('closed');
});

test('rows with long texts are exported a few at a time', async () => {
  const store = await testStore();
  const results = Array.from({ length: 40 }, (_, i) => sample(String(i), 'right', { output: long(String(i)) }));
  const { id } = await compare(
    store,
    await addEvaluation(store, 'l', results),
    await addEvaluation(store, 'r', results),
  );
  const batches: number[] = [];
  await store.streamFlips(id, {}, byId, (rows) => {
    batches.push(rows.length);
    return Promise.resolve();
  });
  expect(batches.reduce((sum, rows) => sum + rows, 0)).toBe(40);
  expect(Math.max(...batches)).toBeLessThanOrEqual(10);
});
