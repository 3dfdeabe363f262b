import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../src-main/shared/domain/statistics/random.ts';
import { wordsOf } from '../../../src-main/shared/domain/statistics/slice-texts.ts';
import { searchSlices } from '../../../src-main/shared/domain/statistics/slice-search.ts';
import type { SearchSample } from '../../../src-main/shared/domain/statistics/slice-features.ts';

const vocabulary =
  'lily tom dog park ball sun tree red big little happy sad ran saw gave took house friend day rain'.split(' ');

/** Stories of random words; `riskOf` is each one's chance of a negative flip. */
function stories(count: number, seed: number, riskOf: (words: string[], i: number) => number): SearchSample[] {
  const random = new SeededRandom(seed);
  return Array.from({ length: count }, (_, i) => {
    const words = Array.from(
      { length: 4 + Math.floor(random.next() * 8) },
      () => vocabulary[Math.floor(random.next() * vocabulary.length)] ?? '',
    );
    const negative = random.next() < riskOf(words, i);
    return {
      kind: negative ? 'negative' : 'kept-right',
      text: words.join(' '),
      tags: i % 5 === 0 ? ['fifth'] : [],
      labels: { half: i % 2 === 0 ? 'even' : 'odd' },
      numbers: { position: i },
    };
  });
}

describe('the slice search', () => {
  it('finds a planted word first, and says how many it tried', () => {
    const result = searchSlices(stories(1500, 1, (words) => (words.includes('sad') ? 0.3 : 0.03)));
    expect(result.found[0]).toMatchObject({ name: 'text has “sad”', family: 'word' });
    expect(result.found[0]?.pHolm).toBeLessThan(1e-10);
    expect(result.found[0]?.nfr.low).toBeGreaterThan(result.found[0]?.restNfr.high ?? 1);
    expect(result.tried).toBeGreaterThan(vocabulary.length);
    expect(result.n).toBe(1500);
  });

  it.each([
    ['a phrase', 'text has “tom dog”', (words: string[]) => (words.join(' ').includes('tom dog') ? 0.9 : 0.02)],
    ['a number', 'position ≥ 1500', (_: string[], i: number) => (i >= 1500 ? 0.2 : 0.02)],
    ['a tag', 'tag: fifth', (_: string[], i: number) => (i % 5 === 0 ? 0.2 : 0.02)],
    ['a label', 'half = odd', (_: string[], i: number) => (i % 2 === 1 ? 0.2 : 0.02)],
  ])('finds %s', (_, name, riskOf) => {
    expect(searchSlices(stories(2000, 2, riskOf)).found[0]?.name).toBe(name);
  });

  it('tells a slice that lost more from one that merely had more to lose', () => {
    const known = stories(2000, 7, () => 0.1).map((sample, i): SearchSample => {
      const knew = sample.tags?.includes('fifth') === true || i % 7 === 0;
      return knew ? sample : { ...sample, kind: 'kept-wrong' };
    });
    const fifth = searchSlices(known).found.find(({ name }) => name === 'tag: fifth');
    expect(fifth?.pHolm).toBeLessThan(0.001);
    const [inside, outside] = [fifth?.lostOfRight, fifth?.restLostOfRight];
    expect(inside?.low).toBeLessThan(outside?.high ?? 0);
    expect(outside?.low).toBeLessThan(inside?.high ?? 0);
    const moved = stories(200, 8, () => 0.1).map((sample): SearchSample => ({ ...sample, kind: 'unchanged' }));
    expect(searchSlices(moved).found[0]?.lostOfRight).toBeNull();
  });

  it('finds long texts', () => {
    const result = searchSlices(stories(2000, 3, (words) => (words.length > 9 ? 0.25 : 0.01)));
    expect(result.found[0]).toMatchObject({ family: 'length' });
    expect(result.found[0]?.name).toMatch(/^text length ≥ \d+$/);
  });

  it('raises a false alarm in at most a few of 200 searches of nothing', () => {
    const alarms = Array.from({ length: 200 }, (_, seed) =>
      searchSlices(
        stories(300, seed + 100, () => 0.08),
        { maxPHolm: 0.05 },
      ),
    ).filter(({ found }) => found.length > 0).length;
    expect(alarms).toBeLessThanOrEqual(15); // 10 expected at most; the exact test is conservative
  });

  it('counts uncounted samples nowhere and needs its minimum', () => {
    const samples: SearchSample[] = [
      ...stories(100, 4, () => 0.1),
      ...Array.from({ length: 50 }, (): SearchSample => ({ kind: 'missing', text: 'zebra' })),
    ];
    const result = searchSlices(samples, { minSamples: 20, limit: 1000 });
    expect(result.n).toBe(100);
    expect(result.found.every(({ n, name }) => n >= 20 && !name.includes('zebra'))).toBe(true);
    expect(searchSlices([]).found).toEqual([]);
  });

  it('shows candidates of the same samples once but counts each as tried', () => {
    const samples = stories(200, 5, () => 0.1).map((sample, i) => ({
      ...sample,
      text: 'same words here',
      tags: i < 100 ? ['first'] : [],
      slices: i < 100 ? ['first half'] : [],
      numbers: {},
    }));
    const result = searchSlices(samples, { limit: 1000 });
    expect(result.tried).toBe(4); // tag, slice, even, odd
    expect(result.found).toHaveLength(3);
  });

  it('reads words of any script', () => {
    expect(wordsOf("Don’t panic, l'été 2024: 日本 é!")).toEqual(['don’t', 'panic', "l'été", '2024', '日本', 'é']);
  });
});
