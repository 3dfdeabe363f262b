import { describe, expect, it } from 'vitest';
import { alignUnits, alignedDiff, differences, foldEqual } from '../../src-main/shared/presentation/aligned-diff.ts';
import type { DiffRow } from '../../src-main/shared/presentation/aligned-diff.ts';

const side = (rows: readonly DiffRow[], name: 'left' | 'right') =>
  rows.map((row) => (row[name] ?? []).map(({ text }) => text).join(''));

describe('two texts side by side', () => {
  it('puts equal lines at one height and marks the words that differ', () => {
    expect(
      alignedDiff('a\nthe old way home\nz\n', 'a\nnew line\nthe new way home\nz\n', 'words').map(
        ({ changed }) => changed,
      ),
    ).toEqual([false, true, true, false]);
    const rows = alignedDiff('first\nthe old way home\nlast', 'first\nthe new way home\nlast', 'words');
    expect(rows[1]).toEqual({
      left: [
        { text: 'the ', changed: false },
        { text: 'old', changed: true },
        { text: ' way home\n', changed: false },
      ],
      right: [
        { text: 'the ', changed: false },
        { text: 'new', changed: true },
        { text: ' way home\n', changed: false },
      ],
      changed: true,
    });
  });

  it.each(differences)('keeps every character of both by %s', (by) => {
    const [left, right] = ['a\n\n  b <i>c</i>\r\nd', 'a\n  b\t<i>d</i>\n'];
    const rows = alignedDiff(left, right, by);
    expect([side(rows, 'left').join(''), side(rows, 'right').join('')]).toEqual([left, right]);
  });

  it('marks whole lines that share too little, or where lines are asked for', () => {
    const unlike = alignedDiff('alpha beta gamma', 'one two three', 'words');
    const lines = alignedDiff('the old way', 'the new way', 'lines');
    expect([unlike, lines].map(([row]) => [row?.left, row?.right])).toEqual([
      [[{ text: 'alpha beta gamma', changed: true }], [{ text: 'one two three', changed: true }]],
      [[{ text: 'the old way', changed: true }], [{ text: 'the new way', changed: true }]],
    ]);
  });

  it('lines up what can be, also of an empty side and of lists with nothing in common', () => {
    expect(alignUnits([], ['x'])).toEqual([{ left: null, right: 0, changed: true }]);
    const many = (from: number) => Array.from({ length: 3000 }, (_, i) => `line ${from + i}`);
    expect(alignUnits(many(0), many(10_000))).toHaveLength(3000);
    expect(alignedDiff('', 'new', 'words')).toEqual([
      { left: [{ text: '', changed: true }], right: [{ text: 'new', changed: true }], changed: true },
    ]);
  });
});

describe('equal parts', () => {
  const rows = (pattern: string) => [...pattern].map((mark) => ({ changed: mark === 'x' }));
  const shape = (pattern: string, opened?: Set<number>) =>
    foldEqual(rows(pattern), opened)
      .map((one) => ('folded' in one ? one.folded : pattern[one.index]))
      .join('');

  it.each([
    ['........', '........'],
    ['x.......', 'x..5'],
    ['.......x', '5..x'],
    ['x.......x', 'x.......x'],
    ['x........x', 'x..4..x'],
    ['xx', 'xx'],
    ['', ''],
  ])('of “%s” are folded as “%s”', (pattern, expected) => {
    expect(shape(pattern)).toBe(expected);
  });

  it('come back when their fold is opened', () => {
    expect(shape('x........x', new Set([3]))).toBe('x........x');
  });
});
