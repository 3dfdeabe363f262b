import { describe, expect, it } from 'vitest';
import { clozeItem, openingOf, rankedPairs, wordsItem } from '../../../src-main/workbench/demo/stories.ts';

const words = (n: number): string =>
  Array.from({ length: n }, (_, i) => `word${String.fromCharCode(97 + (i % 26))}`).join(' ');

describe('material cut out of stories', () => {
  it('takes twenty words as the opening and refuses stories with nothing left to continue', () => {
    expect(openingOf(words(39))).toBeNull();
    expect(openingOf(` ${words(40)} `)).toBe(words(20));
  });

  it('asks for the last word of the first sentence that ends late enough', () => {
    const story = `Too soon. ${words(28)} was very happy. Then it went home.`;
    expect(clozeItem(story, 'c1')).toEqual({
      kind: 'cloze',
      id: 'c1',
      prompt: `Too soon. ${words(28)} was very`,
      target: 'happy',
    });
    expect(clozeItem('One short line.', 'c2')).toBeNull();
  });

  it('checks whole stories word by word', () => {
    expect(wordsItem(`${words(40)}\n`, 'w')).toEqual({ kind: 'words', id: 'w', text: words(40) });
    expect(wordsItem(words(3), 'w')).toBeNull();
  });

  it('pairs the best with the worst sample, earlier samples first, and leaves out prompts that tell nothing', () => {
    const rated = (...outputs: [string, number][]) => outputs.map(([text, score]) => ({ text, score, tokens: 1 }));
    expect(
      rankedPairs([
        {
          id: 'a',
          prompt: 'p',
          outputs: rated(['so', 0], ['bad 1', -1], ['good 1', 2], ['bad 2', -1], ['good 2', 2], [' ', -9]),
        },
        { id: 'b', prompt: 'p', outputs: rated(['same', 1], ['thing', 1]) },
        { id: 'c', prompt: 'p', outputs: [] },
      ]),
    ).toEqual([{ kind: 'preference', id: 'a', prompt: 'p', chosen: 'good 1', rejected: 'bad 1' }]);
  });
});
