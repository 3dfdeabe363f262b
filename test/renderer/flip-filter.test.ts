import { describe, expect, it } from 'vitest';
import type { FlipFilter } from '../../src-main/shared/domain/flip-view.ts';
import {
  hasPopulationPart,
  partsOf,
  populationPart,
  toggled,
  withRange,
  withReviewed,
  withSearch,
} from '../../src-renderer/format/flip-filter.ts';

describe('facets', () => {
  it('add and take away values', () => {
    const one = toggled({}, 'slices', 'maths');
    const two = toggled(one, 'slices', 'law');
    expect([one, two, toggled(two, 'slices', 'maths'), toggled(one, 'slices', 'maths')]).toEqual([
      { slices: ['maths'] },
      { slices: ['maths', 'law'] },
      { slices: ['law'] },
      {},
    ]);
  });
  it('choose one alone, and all again', () => {
    const filter: FlipFilter = { kinds: ['negative', 'positive'] };
    expect(toggled(filter, 'kinds', 'positive', true)).toEqual({ kinds: ['positive'] });
    expect(toggled({ kinds: ['positive'] }, 'kinds', 'positive', true)).toEqual({});
  });
  it('keep labels as numbers', () => {
    expect(toggled({}, 'labels', '3')).toEqual({ labels: [3] });
  });
  it('drop ranges that are open on both ends', () => {
    expect(withRange({ delta: [0, 1] }, 'delta', [null, null])).toEqual({});
    expect(withRange({}, 'length', [null, 9])).toEqual({ length: [null, 9] });
  });
  it('drop an empty search and an undecided review', () => {
    expect(withSearch({ search: 'a' }, '  ')).toEqual({});
    expect(withReviewed({ reviewed: true }, undefined)).toEqual({});
    expect(withReviewed({}, false)).toEqual({ reviewed: false });
  });
});

describe('the population of a filter', () => {
  it('is what says which samples, not what became of them', () => {
    const filter: FlipFilter = { kinds: ['negative'], slices: ['a'], delta: [null, 0], search: 'x', reviewed: true };
    expect(populationPart(filter)).toEqual({ slices: ['a'], search: 'x' });
    expect(hasPopulationPart(filter)).toBe(true);
    expect(hasPopulationPart({ kinds: ['negative'], searchMode: 'word' })).toBe(false);
  });
});

describe('a filter in words', () => {
  it('names each part and what is left without it', () => {
    const filter: FlipFilter = { kinds: ['negative'], labels: [2], delta: [-1, null], tags: ['hard'], reviewed: false };
    const parts = partsOf(filter, ['fact lost', 'reasoning broke']);
    expect(parts.map(({ text }) => text)).toEqual([
      'negative',
      '#hard',
      'reasoning broke',
      'Δ score ≥ −1',
      'not reviewed',
    ]);
    expect(parts[0]?.without).toEqual({ labels: [2], delta: [-1, null], tags: ['hard'], reviewed: false });
  });
});
