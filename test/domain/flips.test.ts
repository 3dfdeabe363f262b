import { describe, expect, it } from 'vitest';
import { formatRule, parseRule } from '../../src-main/shared/domain/flip-rules.ts';
import { classifyFlip, scoreDelta, verdictUnder } from '../../src-main/shared/domain/flips.ts';
import type { Rule } from '../../src-main/shared/domain/flip-rules.ts';
import type { FlipKind, Judged } from '../../src-main/shared/domain/flips.ts';
import type { Verdict } from '../../src-main/shared/domain/evaluations.ts';

const verdict = (value: Verdict | null): Judged => ({ verdict: value, score: null });
const score = (value: number | null): Judged => ({ verdict: null, score: value });

describe('the verdict rule', () => {
  const cases: [Verdict | null, Verdict | null, FlipKind, FlipKind, FlipKind][] = [
    // left, right, ties excluded, ties wrong, ties right
    ['right', 'wrong', 'negative', 'negative', 'negative'],
    ['wrong', 'right', 'positive', 'positive', 'positive'],
    ['right', 'right', 'kept-right', 'kept-right', 'kept-right'],
    ['wrong', 'wrong', 'kept-wrong', 'kept-wrong', 'kept-wrong'],
    ['right', 'tie', 'tied', 'negative', 'kept-right'],
    ['tie', 'right', 'tied', 'positive', 'kept-right'],
    ['tie', 'tie', 'tied', 'kept-wrong', 'kept-right'],
    [null, 'right', 'missing', 'missing', 'missing'],
    ['tie', null, 'missing', 'missing', 'missing'],
  ];
  it.each(cases)('%s → %s', (left, right, excluded, wrong, asRight) => {
    const kinds = (['excluded', 'wrong', 'right'] as const).map((ties) =>
      classifyFlip(verdict(left), verdict(right), { kind: 'verdict', ties }),
    );
    expect(kinds).toEqual([excluded, wrong, asRight]);
  });
});

describe('the margin rule', () => {
  const rule: Rule = { kind: 'margin', tau: 0.5, direction: 'higher' };
  it.each<[number | null, number | null, FlipKind]>([
    [2, 1.4, 'negative'],
    [2, 1.5, 'unchanged'], // a fall of exactly tau is none
    [1.5, 2, 'unchanged'],
    [1, 1.6, 'positive'],
    [null, 1, 'missing'],
    [1, Number.NaN, 'missing'],
    [0, -Infinity, 'negative'],
    [-Infinity, -Infinity, 'unchanged'],
  ])('%s → %s is %s', (left, right, kind) => {
    expect(classifyFlip(score(left), score(right), rule)).toBe(kind);
  });
  it('turns round where lower is better', () => {
    expect(classifyFlip(score(1), score(2), { ...rule, direction: 'lower' })).toBe('negative');
    expect(scoreDelta(score(1), score(2), { ...rule, direction: 'lower' })).toBe(-1);
  });
  it('gives a side no verdict', () => {
    expect(verdictUnder({ verdict: 'right', score: 1 }, rule)).toBeNull();
  });
});

describe('the threshold rule', () => {
  const rule: Rule = { kind: 'threshold', threshold: 3, direction: 'higher' };
  it.each<[number, number, FlipKind]>([
    [3, 2.9, 'negative'],
    [2.9, 3, 'positive'],
    [3, 3, 'kept-right'],
    [0, 2, 'kept-wrong'],
  ])('%s → %s is %s', (left, right, kind) => {
    expect(classifyFlip(score(left), score(right), rule)).toBe(kind);
  });
  it('counts the threshold itself as right in both directions', () => {
    expect(verdictUnder(score(3), { ...rule, direction: 'lower' })).toBe('right');
    expect(verdictUnder(score(3.1), { ...rule, direction: 'lower' })).toBe('wrong');
  });
  it('judges by the score alone', () => {
    expect(classifyFlip({ verdict: 'right', score: null }, { verdict: 'wrong', score: null }, rule)).toBe('missing');
  });
});

describe('a rule as text', () => {
  it.each([
    'verdict',
    'verdict:ties-wrong',
    'verdict:ties-right',
    'margin:0',
    'margin:0.25',
    'margin:1e-7:lower',
    'threshold:-3.5',
    'threshold:0:lower',
  ])('%s is read and written alike', (text) => {
    expect(formatRule(parseRule(text))).toBe(text);
  });
  it('names the default with defaults left out', () => {
    expect(parseRule('verdict')).toEqual({ kind: 'verdict', ties: 'excluded' });
    expect(parseRule('margin:1:higher')).toEqual({ kind: 'margin', tau: 1, direction: 'higher' });
  });
  it.each([
    '',
    'verdicts',
    'margin',
    'margin:',
    'margin:-1',
    'margin:x',
    'margin:Infinity',
    'threshold:1:2',
    'threshold:1:lower:x',
    'verdict:wrong',
    'verdict:ties-half',
  ])('refuses “%s” with a remedy', (text) => {
    expect(() => parseRule(text)).toThrow(/is not a flip rule/);
  });
});
