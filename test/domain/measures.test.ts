import { describe, expect, it } from 'vitest';
import { describeOthers, otherVariants, unknownMeasure } from '../../src-main/shared/domain/measures.ts';
import type { Measure } from '../../src-main/shared/domain/measures.ts';

const measure = (fields: Partial<Measure>): Measure => ({ ...unknownMeasure, ...fields });
const strict = measure({
  filter: 'strict-match',
  variant: 'strict-match',
  variants: ['strict-match', 'flexible-extract'],
});

describe('what else a source could be judged by', () => {
  it.each<[string, Measure, string[]]>([
    ['nothing', measure({}), []],
    ['another filter', strict, ['flexible-extract']],
    [
      'another metric, the one taken by name',
      measure({ metric: 'acc', variant: 'none', filter: 'none', variants: ['none', 'acc', 'acc_norm'] }),
      ['acc_norm'],
    ],
    ['another annotator', measure({ annotator: 'b', variant: 'b', variants: ['a', 'b'] }), ['a']],
    [
      'the filter’s own verdict, where each answer was judged',
      measure({ filter: 'f', variant: 'f/each-answer', variants: ['f', 'maj@3', 'f/each-answer'] }),
      ['f', 'maj@3'],
    ],
    ['other scorers', measure({ scorer: 's', variants: ['r', 's', 't'] }), ['r', 't']],
  ])('%s', (_, of, expected) => {
    expect(otherVariants(of)).toEqual(expected);
  });

  it('is said once where both sides have it, and of the side that has it alone', () => {
    expect(describeOthers(strict, strict)).toBe('Both sources also hold flexible-extract (--variant).');
    expect(describeOthers(strict, measure({ filter: 'strict-match', variants: ['strict-match', 'x'] }))).toBe(
      'The old source also holds flexible-extract (--variant). The new source also holds x (--variant).',
    );
    expect(describeOthers(measure({}), measure({}))).toBeNull();
  });
});
