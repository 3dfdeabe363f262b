import { describe, expect, it } from 'vitest';
import { fromFirstHit, searchHits } from '../../src-main/shared/presentation/search-hits.ts';
import { textMatcher } from '../../src-main/store/views/text-match.ts';

const hits = (text: string, search: string, mode: 'substring' | 'word' = 'substring') =>
  searchHits(text, search, mode)
    .filter(({ hit }) => hit)
    .map((part) => part.text);

describe('hits of a search', () => {
  it.each([
    ['A cat, a Cat and a category', 'cat', 'substring', ['cat', 'Cat', 'cat']],
    ['A cat, a Cat and a category', 'cat', 'word', ['cat', 'Cat']],
    ['Un café au lait', 'cafe', 'word', ['café']],
    ['Un cafe\u0301 au lait', 'cafe', 'word', ['cafe\u0301']],
    ['red, green fox', 'red-green', 'word', ['red, green']],
    ['a.b axb', 'a.b', 'substring', ['a.b']],
    ['İstanbul', 'stan', 'substring', ['stan']],
    ['$1 (x) [y] {z} \\ ^', '(x) [y] {z} \\ ^', 'substring', ['(x) [y] {z} \\ ^']],
    ['nothing here', '  ', 'substring', []],
    ['nothing here', '--', 'word', []],
    ['𝒳 and 😀!', '😀', 'substring', ['😀']],
  ] as const)('in “%s” of “%s” by %s', (text, search, mode, expected) => {
    expect(hits(text, search, mode)).toEqual(expected);
  });

  it('are there exactly where the list finds the text, and leave every character in its place', () => {
    const texts = ['One two', 'ONETWO', 'two ones', 'naïve Zoë', 'x-ray x ray', '', 'ⅳ IV', 'straße'];
    for (const mode of ['substring', 'word'] as const) {
      for (const search of ['one', 'zoe', 'naïve', 'x-ray', 'iv', 'strasse', 'two']) {
        for (const text of texts) {
          expect(
            searchHits(text, search, mode)
              .map((part) => part.text)
              .join(''),
          ).toBe(text);
          expect([text, search, mode, hits(text, search, mode).length > 0]).toEqual([
            text,
            search,
            mode,
            textMatcher(search, mode)(text),
          ]);
        }
      }
    }
  });

  it('bring a narrow cell to the first of them', () => {
    const text = `${'word '.repeat(40)}needle in the hay`;
    expect(fromFirstHit(text, 'needle')).toBe('…word word word needle in the hay');
    expect(fromFirstHit('needle first', 'needle')).toBe('needle first');
    expect(fromFirstHit(text, 'absent')).toBe(text);
  });
});
