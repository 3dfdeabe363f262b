import { describe, expect, it } from 'vitest';
import { wordDiff } from '../../src-main/shared/presentation/word-diff.ts';

describe('a difference by words', () => {
  it('marks what is on one side only; a space between two changed words is part of the change', () => {
    expect(wordDiff('The cat cried a little.', 'The dog smiled a little.')).toEqual({
      left: [
        { text: 'The ', changed: false },
        { text: 'cat cried', changed: true },
        { text: ' a little.', changed: false },
      ],
      right: [
        { text: 'The ', changed: false },
        { text: 'dog smiled', changed: true },
        { text: ' a little.', changed: false },
      ],
    });
  });
  it('keeps every character of both texts', () => {
    const [left, right] = ['a\n  b <i>c</i>', 'a b\t<i>d</i>\n'];
    const sides = wordDiff(left, right);
    expect(sides?.left.map(({ text }) => text).join('')).toBe(left);
    expect(sides?.right.map(({ text }) => text).join('')).toBe(right);
  });
  it('gives up on texts that share too little to be worth the time', () => {
    const words = (from: number) => Array.from({ length: 9000 }, (_, i) => `w${from + i}`).join(' ');
    expect(wordDiff(words(0), words(100_000))).toBeNull();
  });
});
