import { describe, expect, test } from 'vitest';
import { firstDifference } from '../../../src-main/shared/domain/tried-prompt.ts';

const tokens = (...list: [number, string][]) => list.map(([id, text]) => ({ id, text, probability: null }));

describe('where two answers part', () => {
  test('of one tokenizer it is the first token that is another one, however its text begins', () => {
    const old = tokens([1, 'a'], [2, ' ha'], [3, 'ppy']);
    expect(firstDifference(old, tokens([1, 'a'], [4, ' happy']))).toEqual({ old: 1, new: 1 });
    expect(firstDifference(old, tokens([1, 'a'], [2, ' ha'], [3, 'ppy']))).toBeNull();
  });

  test('an answer that ended earlier parts at its end', () => {
    expect(firstDifference(tokens([1, 'a']), tokens([1, 'a'], [2, ' b']))).toEqual({ old: 1, new: 1 });
    expect(firstDifference([], [])).toBeNull();
  });

  test('of two tokenizers it is the tokens with the first differing character', () => {
    const old = tokens([5, 'He'], [6, 'llo'], [7, ' you']);
    expect(firstDifference(old, tokens([50, 'Hello'], [7, ' me']))).toEqual({ old: 2, new: 1 });
    expect(firstDifference(old, tokens([9, 'Hello'], [6, ' you']))).toBeNull();
  });

  test('parts of one character are no sign of two tokenizers', () => {
    const old = tokens([1, 'a'], [200, '\ufffd'], [201, '\ufffd']);
    expect(firstDifference(old, tokens([1, 'a'], [200, '\ufffd'], [202, '\ufffd']))).toEqual({ old: 2, new: 2 });
  });
});
