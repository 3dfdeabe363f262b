import { expect, onTestFinished, test } from 'vitest';
import type { SearchSample } from '../../../src-main/shared/domain/statistics/slice-features.ts';
import { searchSlices } from '../../../src-main/shared/domain/statistics/slice-search.ts';
import { createStatistics } from '../../../src-main/workbench/statistics/statistics.ts';

/** More than are counted without a thread; every fifth text has “not” in it, and most of those were lost. */
const samples: SearchSample[] = Array.from({ length: 2000 }, (_, i) => ({
  kind: i % 5 === 0 && i % 3 !== 0 ? 'negative' : 'kept-right',
  text: `the cat is ${i % 5 === 0 ? 'not ' : ''}happy number ${i}`,
  tags: [],
  slices: [],
}));

test('a thread counts as the program does, and tells how far it is', async () => {
  const statistics = createStatistics();
  onTestFinished(() => statistics.close());
  const told: number[] = [];
  const found = await statistics.calculate<'slice-search'>(
    { kind: 'slice-search', samples },
    { onProgress: (fraction) => told.push(fraction) },
  );
  expect(found).toEqual(searchSlices(samples));
  expect(found.found[0]?.name).toBe('text has “not”');
  expect(told).toEqual([...told].sort((a, b) => a - b));
  expect(told.length).toBeGreaterThan(2);
});

test('who is cancelled hears of it at once, and the others get their answers', async () => {
  const statistics = createStatistics();
  onTestFinished(() => statistics.close());
  const abort = new AbortController();
  const search = { kind: 'slice-search', samples } as const;
  const given = statistics.calculate<'slice-search'>(search, { signal: abort.signal });
  const waiting = statistics.calculate<'slice-search'>(search);
  abort.abort();
  await expect(given).rejects.toMatchObject({ code: 'cancelled' });
  expect((await waiting).n).toBe(2000);
  await expect(statistics.calculate<'slice-search'>(search, { signal: abort.signal })).rejects.toMatchObject({
    code: 'cancelled',
  });
});

test('whoever waits when the thread is ended hears of it', async () => {
  const statistics = createStatistics();
  const waiting = statistics.calculate<'slice-search'>({ kind: 'slice-search', samples });
  const refused = expect(waiting).rejects.toThrow('ended before it was done');
  await statistics.close();
  await refused;
});
