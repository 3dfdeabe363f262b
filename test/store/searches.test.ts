import { expect, test } from 'vitest';
import type { PreferenceRow } from '../../src-main/shared/domain/datasets.ts';
import type { Store } from '../../src-main/store/api.ts';
import { Searches } from '../../src-main/store/searches.ts';
import { addEvaluation, compare, sample, testStore } from './workspace.ts';

const byId = { column: 'sampleId', direction: 'ascending' } as const;
const byRow = { column: 'row', direction: 'descending' } as const;

/** A search that ends when it is told to, or is ended. */
function work(): { run: (signal: AbortSignal) => Promise<string>; find: (text: string) => void; runs: AbortSignal[] } {
  const { promise, resolve } = Promise.withResolvers<string>();
  const runs: AbortSignal[] = [];
  const run = (signal: AbortSignal): Promise<string> => {
    runs.push(signal);
    const ended = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('aborted')));
    });
    return Promise.race([promise, ended]);
  };
  return { run, find: resolve, runs };
}

test('a newer wish of a place ends what only it was waiting for', async () => {
  const searches = new Searches();
  const [old, next] = [work(), work()];
  searches.wish('list', 'texts', 'old');
  const first = searches.find({ key: 'old', sought: 'texts', place: 'list' }, old.run);
  searches.wish('list', 'texts', 'new');
  const second = searches.find({ key: 'new', sought: 'texts', place: 'list' }, next.run);
  await expect(first).rejects.toThrow('aborted');
  next.find('found');
  expect(await second).toBe('found');
  // What the place no longer wants is not begun.
  await expect(searches.find({ key: 'old', sought: 'texts', place: 'list' }, old.run)).rejects.toMatchObject({
    code: 'cancelled',
  });
  expect([old.runs.length, next.runs.length]).toEqual([1, 1]);
});

test('what another place, or somebody without one, waits for goes on', async () => {
  const searches = new Searches();
  const shared = work();
  const asked = ['a', 'b', undefined].map((place) => {
    if (place !== undefined) searches.wish(place, 'texts', 'same');
    return searches.find({ key: 'same', sought: 'texts', place }, shared.run);
  });
  searches.leave('a');
  searches.wish('b', 'texts', null);
  shared.find('found');
  expect([await Promise.all(asked), shared.runs.length]).toEqual([['found', 'found', 'found'], 1]);
});

test('a place that left can ask again, and other sorts of wishes stand', async () => {
  const searches = new Searches();
  const [texts, again, slices] = [work(), work(), work()];
  searches.wish('list', 'texts', 'texts');
  searches.wish('list', 'slices', 'slices');
  const first = searches.find({ key: 'texts', sought: 'texts', place: 'list' }, texts.run);
  const counted = searches.find({ key: 'slices', sought: 'slices', place: 'list' }, slices.run);
  searches.wish('list', 'texts', null);
  await expect(first).rejects.toThrow('aborted');
  searches.wish('list', 'texts', 'texts');
  const second = searches.find({ key: 'texts', sought: 'texts', place: 'list' }, again.run);
  again.find('found');
  slices.find('counted');
  expect(await Promise.all([second, counted])).toEqual(['found', 'counted']);
});

const long = (word: string): string => `${'naïve words and more of them, '.repeat(3_000)}${word}`;

async function longTexts(store: Store): Promise<string> {
  const results = (side: string) =>
    Array.from({ length: 6 }, (_, i) => sample(String(i), 'right', { output: long(`${side}${i % 3}`) }));
  const left = await addEvaluation(store, 'l', results('left'));
  return (await compare(store, left, await addEvaluation(store, 'r', results('right')))).id;
}

test('a list of flips that is searched for something else ends the search before; one that is left ends its own', async () => {
  const store = await testStore();
  const id = await longTexts(store);
  const first = store.openFlipView(id, { search: 'left2' }, byId, 'list');
  const facets = store.flipFacets(id, { search: 'left2' }, 'list');
  const next = store.openFlipView(id, { search: 'right1' }, byId, 'list');
  await expect(first).rejects.toMatchObject({ code: 'cancelled' });
  await expect(facets).rejects.toMatchObject({ code: 'cancelled' });
  expect((await next).total).toBe(2);
  const left = store.openFlipView(id, { search: 'left0' }, byId, 'list');
  store.endSearches('list');
  await expect(left).rejects.toMatchObject({ code: 'cancelled' });
  // The reader and its threads go on.
  expect((await store.openFlipView(id, { search: 'left0' }, byId, 'list')).total).toBe(2);
});

test('a list of many rows is put together by another thread, and ended with the wish', async () => {
  const store = await testStore();
  const ingest = await store.beginDataset({ name: 'many', kind: 'preference', import: null });
  const rows = Array.from({ length: 20_000 }, (_, i): PreferenceRow => ({
    kind: 'preference',
    id: `r${i}`,
    prompt: `ask ${i}`,
    chosen: i % 5000 === 7 ? 'rare' : 'usual',
    rejected: 'no',
  }));
  await ingest.push(rows);
  const id = await ingest.commit();
  const first = store.openDatasetView(id, { search: 'usual' }, byRow, 'room');
  const next = store.openDatasetView(id, { search: 'rare' }, byRow, 'room');
  await expect(first).rejects.toMatchObject({ code: 'cancelled' });
  const { viewId, total } = await next;
  expect(total).toBe(4);
  expect((await store.datasetWindow(viewId, 0, 9)).map(({ number }) => number)).toEqual([15008, 10008, 5008, 8]);
  const left = store.openDatasetView(id, { search: 'no' }, byRow, 'room');
  store.endSearches('room');
  await expect(left).rejects.toMatchObject({ code: 'cancelled' });
});
