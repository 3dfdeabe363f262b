import { describe, expect, it } from 'vitest';
import { defaultState, fromQuery, fromQueryText, toQuery, toQueryText } from '../../src-renderer/format/flip-query.ts';
import type { FlipBrowserState } from '../../src-renderer/format/flip-query.ts';

const everything: FlipBrowserState = {
  filter: {
    kinds: ['negative', 'positive'],
    slices: ['maths & logic', 'a,b'],
    tags: ['#x', '<script>'],
    labels: [2, 6],
    reviewed: false,
    search: 'why “this”? 100 % & more',
    searchMode: 'word',
    delta: [-1.5, null],
    length: [0, 250],
    firing: [null, 3],
    stability: ['solid'],
  },
  sort: { column: 'leftScore', direction: 'descending' },
  sample: 17,
};

describe('the state of the flip browser in the address', () => {
  it('comes back as it was', () => {
    expect(fromQuery(toQuery(everything))).toEqual(everything);
    expect(fromQuery(toQuery(defaultState))).toEqual(defaultState);
  });
  it('is empty for the default', () => {
    expect(toQuery(defaultState)).toEqual({});
  });
  it('tells all kinds from the default', () => {
    const all = { ...defaultState, filter: {} };
    expect(toQuery(all)).toEqual({ kind: 'all' });
    expect(fromQuery({ kind: 'all' })).toEqual(all);
  });
  it('keeps as one line of text all but the open sample', () => {
    expect(fromQueryText(toQueryText(everything))).toEqual({ ...everything, sample: null });
  });
  it('passes over what does not fit', () => {
    const odd = {
      kind: 'negative,unheard',
      label: '0,7,x,3',
      reviewed: 'perhaps',
      delta: '..',
      length: 'a..b',
      firing: '1..2..3',
      stability: 'solid,liquid',
      sort: '-nothing',
      sample: '-4',
      slice: null,
    };
    expect(fromQuery(odd)).toEqual({
      ...defaultState,
      filter: { kinds: ['negative'], labels: [3], stability: ['solid'] },
    });
  });
});
