import { describe, expect, test } from 'vitest';
import type { Verdict } from '../../../src-main/shared/domain/evaluations.ts';
import type { MergePart } from '../../../src-main/shared/domain/merging.ts';
import { readMerge } from '../../../src-main/workbench/merging/recipe-text.ts';
import { searchFractions } from '../../../src-main/workbench/merging/search.ts';

const verdicts = (text: string) =>
  new Map([...text].map((mark, i): [string, Verdict] => [String(i), mark === '+' ? 'right' : 'wrong']));
const before = verdicts('++++--');
const start: MergePart[] = [
  { modules: ['attention'], fraction: 1 },
  { modules: ['mlp'], fraction: 1 },
];
/** What each setting of attention and MLP does. */
const outcomes: Record<string, [verdicts: string, reward: number]> = {
  '1 1': ['+---++', 10],
  '0 1': ['++++-+', 6],
  '0.5 1': ['++--++', 10],
  '0.5 0': ['++++--', 9],
  '0.5 0.5': ['+++-++', 11],
  '0 0.5': ['++++++', 7],
  '1 0.5': ['++----', 12],
};
const fractions = [0, 0.5, 1];

async function found(reward: string | undefined) {
  const measured: string[] = [];
  const { trials, best } = await searchFractions(
    { fractions, rounds: 3, ...(reward === undefined ? {} : { reward }) },
    start,
    before,
    async (parts) => {
      const at = parts.map(({ fraction }) => fraction).join(' ');
      measured.push(at);
      const [marks, mean] = outcomes[at] ?? ['------', 0];
      return { verdicts: verdicts(marks), reward: reward === undefined ? null : mean };
    },
  );
  return { measured, best: trials[best], tried: trials.length };
}

describe('a search of fractions', () => {
  test('takes the most right answers, part by part, and measures no setting twice', async () => {
    // Attention 0 has five right and attention 0.5 four; then MLP 0.5 has all six, which nothing in the second round beats.
    expect(await found(undefined)).toEqual({
      measured: ['1 1', '0 1', '0.5 1', '0 0', '0 0.5', '0.5 0.5', '1 0.5'],
      best: {
        parts: [
          { modules: ['attention'], fraction: 0 },
          { modules: ['mlp'], fraction: 0.5 },
        ],
        ...{ right: 6, negative: 0, positive: 2, n: 6, reward: null },
      },
      tried: 7,
    });
  });

  test('with a reward, takes the fewest negative flips of what has no less than the start', async () => {
    // Attention 0 flips nothing, but its reward of 6 is below the 10 of the start; so does (0, 0.5), with 7.
    const { best } = await found('afinn');
    expect(best).toEqual({
      parts: [
        { modules: ['attention'], fraction: 0.5 },
        { modules: ['mlp'], fraction: 0.5 },
      ],
      ...{ right: 5, negative: 1, positive: 2, n: 6, reward: 11 },
    });
  });

  test('needs scores where a reward is named', async () => {
    const none = () => Promise.resolve({ verdicts: before, reward: null });
    await expect(searchFractions({ fractions, rounds: 1, reward: 'words' }, start, before, none)).rejects.toThrow(
      'Suite “words” gives no scores to search by.',
    );
  });
});

describe('a merge file', () => {
  const least = 'name: soup\nbase: old\nmodels: [new]\n';

  test('has defaults for all but its sources', () => {
    expect(readMerge({ yaml: least })).toEqual({
      name: 'soup',
      method: 'linear',
      base: 'old',
      models: ['new'],
      fraction: 1,
      parts: [],
    });
  });

  test.each([
    [`${least}method: slerp`, '3:1: models: SLERP turns two or more models into one another; name another one.'],
    ['name: a\nbase: b\nmodels: [{ model: c, weight: -1 }]', '3:1: models: Weights of linear are shares'],
    [`${least}fraction: [0.5, 1]\nsearch: { suite: words }`, '4:1: fraction: A search starts from one fraction'],
    [`${least}fraction: [0.5, 0.5]`, '4:1: fraction: Name each fraction once.'],
    [`${least}parts: [{ fraction: 0 }]`, '4:9: parts.0: Name modules, layers or both.'],
    [`${least}parts: [{ layers: [3, 1], fraction: 0 }]`, '4:11: parts.0.layers: The first layer comes first.'],
    [`${least}fractions: 1`, '4:1: fractions: '],
  ])('%j is refused with its place', (yaml, sentence) => {
    expect(() => readMerge({ yaml }, 'merge.yaml')).toThrow(`merge.yaml:${sentence}`);
  });
});
