import { describe, expect, it } from 'vitest';
import { evaluationFields, formatFieldMap, Mapping, parseFieldMap } from '../../src-main/imports/field-map.ts';
import { fieldPaths, lookUp, parseFieldPath } from '../../src-main/imports/field-path.ts';
import { suggestMap } from '../../src-main/imports/suggest-map.ts';

describe('parseFieldPath and lookUp', () => {
  const record = { a: { b: [{ c: 1 }, { c: null }] }, 'acc,none': { value: 0.5 }, 'x.y': 'whole', x: { y: 'nested' } };
  const find = (path: string): unknown => lookUp(record, parseFieldPath(path));

  it('follows names, indices and quoted names', () => {
    expect(find('a.b[0].c')).toEqual({ found: true, value: 1 });
    expect(find('a.b[1].c')).toEqual({ found: true, value: null });
    expect(find('["acc,none"].value')).toEqual({ found: true, value: 0.5 });
    expect(find('x.y')).toEqual({ found: true, value: 'whole' });
  });

  it('finds nothing where nothing is, nor in prototypes', () => {
    for (const path of ['a.b[2].c', 'a.b.c', 'a.b[0].c.d', '__proto__.toString', 'constructor', 'a.b.length']) {
      expect([path, find(path)]).toEqual([path, { found: false }]);
    }
    expect(lookUp(JSON.parse('{"__proto__": {"polluted": true}}'), parseFieldPath('__proto__.polluted'))).toEqual({
      found: true,
      value: true,
    });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it.each(['', 'a..b', 'a[', 'a[x]', 'a]'])('refuses “%s”', (text) => {
    expect(() => parseFieldPath(text)).toThrow(/is not a field path/);
  });
});

describe('parseFieldMap', () => {
  it('reads pairs with commas between them, or one pair a text', () => {
    const map = { id: 'meta["a,b"].id', prompt: 'question', correct: '6b.is_correct' };
    expect(parseFieldMap('id=meta["a,b"].id, prompt=question,correct=6b.is_correct', evaluationFields)).toEqual(map);
    expect(parseFieldMap(['id=meta["a,b"].id', 'prompt=question,correct=6b.is_correct'])).toEqual(map);
    expect(parseFieldMap(formatFieldMap(map))).toEqual(map);
    expect(parseFieldMap('id=,prompt=q')).toEqual({ id: null, prompt: 'q' });
  });

  it('names what is accepted, what is doubled and what is empty', () => {
    expect(() => parseFieldMap('promt=q', evaluationFields)).toThrow(
      'unknown field “promt”; accepted are id, prompt, output, target, correct, score, slice, cluster, tags, resultTags.',
    );
    expect(() => parseFieldMap('prompt=a,prompt=b')).toThrow('names “prompt” twice');
    expect(() => parseFieldMap('prompt=')).toThrow('no path for “prompt”');
    expect(() => parseFieldMap('prompt')).toThrow('no path for “prompt”');
  });

  it('says at the end which path no record had, and which fields there are', () => {
    const mapping = new Mapping({ prompt: 'q', correct: 'ok.maybe' }, evaluationFields);
    const record = { q: 'x', ok: { yes: 1 } };
    mapping.remember(record);
    mapping.look(record, 'prompt');
    mapping.look(record, 'correct');
    expect(() => mapping.verify('f.jsonl')).toThrow(
      expect.objectContaining({
        message: expect.stringContaining('“ok.maybe”'),
        remedy: 'The records have: q, ok.yes.',
      }),
    );
  });
});

describe('suggestMap', () => {
  it('takes a nested verdict, and the output next to it', () => {
    const record = {
      question: 'q',
      gold: 'g',
      a: { solution: 's', is_correct: true },
      b: { solution: 't', is_correct: false },
    };
    expect(suggestMap(fieldPaths([record]), 'evaluation')).toEqual({
      map: { correct: 'a.is_correct', prompt: 'question', output: 'a.solution', target: 'gold' },
      isCertain: false,
    });
  });

  it('is certain of canonical names', () => {
    expect(suggestMap(['id', 'prompt', 'output', 'correct'], 'evaluation')).toEqual({
      map: { id: 'id', prompt: 'prompt', output: 'output', correct: 'correct' },
      isCertain: true,
    });
  });
});
