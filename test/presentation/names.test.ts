import { describe, expect, it } from 'vitest';
import {
  comparisonName,
  comparisonParts,
  evaluationName,
  interpolationName,
  suiteLabel,
  weightsName,
} from '../../src-main/shared/presentation/names.ts';
import { isRateOfVerdicts, negativeFlipUnder, rulePhrase } from '../../src-main/shared/presentation/rules.ts';

const start = evaluationName(weightsName('DPO', 0), 'words');
const end = evaluationName(weightsName('DPO', 48), 'words');

describe('a name the workbench gives', () => {
  it('says whose answers to what', () => {
    expect([start, end, interpolationName(0.5, 'base', 'DPO')]).toEqual([
      'DPO, before training · next words',
      'DPO, step 48 · next words',
      'Interpolation 50 % base–DPO',
    ]);
  });
  it('spells out suites that are named for machines, and no others', () => {
    expect(['held-out-pairs cheerful-pairs 15%', 'held-out-pairs', 'gsm8k'].map(suiteLabel)).toEqual([
      'held-out pairs (15 % of cheerful-pairs)',
      'held-out pairs',
      'gsm8k',
    ]);
  });
  it('of a comparison leaves out what both sides say', () => {
    expect(comparisonName(start, end)).toBe('DPO, step 48 · before training · next words');
    expect(comparisonName(evaluationName(weightsName('DPO', 24), 'words'), end)).toBe(
      'DPO, step 48 · step 24 · next words',
    );
    expect(comparisonName(start, evaluationName('Interpolation 50 % base–DPO', 'words'))).toBe(
      'DPO, before training → Interpolation 50 % base–DPO · next words',
    );
    expect(comparisonName('gpt-old', 'gpt-new')).toBe('gpt-old → gpt-new');
    expect(comparisonName('same', 'same')).toBe('same → same');
    expect(comparisonName('a · x', 'b · y')).toBe('a · x → b · y');
  });
  it('of a comparison can be taken apart for two columns', () => {
    expect(comparisonParts(start, end)).toEqual({
      left: 'before training',
      right: 'DPO, step 48',
      suite: 'next words',
      sameRun: true,
    });
  });
});

describe('a rule in words', () => {
  it('reads after “Rule:” and after “A negative flip:”', () => {
    const any = { kind: 'margin', tau: 0, direction: 'higher' } as const;
    expect([rulePhrase({ kind: 'verdict', ties: 'excluded' }), rulePhrase(any)]).toEqual([
      'verdict, ties excluded',
      'any change in score counts (no threshold)',
    ]);
    expect([
      negativeFlipUnder({ kind: 'verdict', ties: 'wrong' }),
      negativeFlipUnder({ kind: 'threshold', threshold: 0.5, direction: 'lower' }),
    ]).toEqual([
      'old right and new wrong, by verdict; a tie counts as wrong',
      'the old score is 0.5 or better and the new one is not; lower is better',
    ]);
    expect([isRateOfVerdicts(any), isRateOfVerdicts({ ...any, tau: 0.1 })]).toEqual([false, true]);
  });
});
