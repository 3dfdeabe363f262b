import { describe, expect, it } from 'vitest';
import { parsePythonLiteral } from '../../../src-main/imports/records/python-literal.ts';

describe('parsePythonLiteral', () => {
  // Each left side is what Python 3.12 (and numpy 2 in the last but one) prints for the value.
  it.each([
    ['None', null],
    ['[True, False, None]', [true, false, null]],
    ['(-1.5, True)', [-1.5, true]],
    ['(1,)', [1]],
    ["{'a': 1, 'b': [2, 3]}", { a: 1, b: [2, 3] }],
    ['{1: 2}', { '1': 2 }],
    ["{'x', 'y'}", ['x', 'y']],
    ['{}', {}],
    ['"it\'s"', "it's"],
    [String.raw`'it\'s "so"'`, 'it\'s "so"'],
    [String.raw`'a\nb\t\\ \x41 \u00fc \U0001f600'`, 'a\nb\t\\ A ü 😀'],
    ['[nan, inf, -inf, 1e-05, 1e+20]', [null, null, null, 1e-5, 1e20]],
    ['[np.float64(0.5), np.int64(3)]', [0.5, 3]],
    ['12345678901234567890', '12345678901234567890'],
  ])('reads %s', (text, value) => {
    expect(parsePythonLiteral(text)).toEqual(value);
  });

  it.each([
    '',
    '[1, 2',
    "'open",
    '{1: }',
    '[1 2]',
    '__import__("os")',
    'a.b',
    '[1], 2',
    "'\\x4'",
    '{"a" 1}',
    '(',
    ',',
    '-',
  ])('takes %s for no value', (text) => {
    expect(parsePythonLiteral(text)).toBeUndefined();
  });

  it('does not follow nesting without end', () => {
    expect(parsePythonLiteral('['.repeat(200_000))).toBeUndefined();
  });

  it('gives a key of the prototype as a key like any other', () => {
    const value = parsePythonLiteral("{'__proto__': {'polluted': 1}}");
    expect([Object.keys(value as object), ({} as { polluted?: number }).polluted]).toEqual([['__proto__'], undefined]);
  });
});
