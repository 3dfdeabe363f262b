import { describe, expect, it } from 'vitest';
import { studyAnswer } from '../../src-main/shared/presentation/study-answer.ts';
import { studyTables } from '../../src-main/shared/presentation/study-tables.ts';
import { overSeeds, path, study } from '../helpers/study-tables.ts';

describe('what a study found, in words', () => {
  it('says of one seed once, for all checks, that it tells nothing', () => {
    const curves = [path('DPO', 0, 40), path('RLOO', 0, 20), path('DPO, slow', 0, 30)];
    const both = study({ words: curves, cloze: curves });
    expect(studyTables(both).flatMap(({ findings }) => findings)).toEqual([
      'One seed gives no interval, so RLOO and “DPO, slow” cannot be told from DPO.',
    ]);
    expect(studyAnswer([both])).toEqual([
      'Does any method beat the better of “DPO” and “DPO, slow”, each interpolated with the old weights, at equal sampled reward and at equal KL? On “next words” and “cloze”, one seed cannot tell.',
    ]);
  });

  it('names the methods whose interval leaves 1 out with ratio and interval, the others in one sentence', () => {
    // A third of the KL for the same reward: at equal KL RLOO is three times as far, so it flips more.
    const uneven = [0, 1, 2].map((seed) => path('PPO', seed, [10, 40, 160][seed] ?? 0));
    const words = study({
      words: [...overSeeds('DPO', 40), ...overSeeds('RLOO', 20, 4 / 3), ...uneven, ...overSeeds('DPO, slow', 40)],
    });
    const [first, second, third] = studyTables(words)[0]?.findings ?? [];
    expect(first).toBe(
      'RLOO has fewer negative flips than DPO: 0.52 times as many (0.49 to 0.55) at equal sampled reward, over 3 seeds.',
    );
    expect(second).toMatch(
      /^RLOO has more negative flips than DPO: 1\.1\d times as many .* at equal KL, over 3 seeds\.$/,
    );
    expect(third).toBe('No interval tells these from DPO: PPO (at any match); “DPO, slow” (at any match).');
    // One paragraph, whatever the number of methods: the table comes next.
    expect(studyAnswer([words])).toEqual([
      expect.stringMatching(/only in part: at equal sampled reward RLOO, at equal KL no interval says so\.$/),
    ]);
  });

  it('says yes only where a method beats both baselines at both matches', () => {
    const curves = [...overSeeds('DPO', 40), ...overSeeds('RLOO', 20), ...overSeeds('DPO, slow', 40)];
    expect(studyAnswer([study({ words: curves })]).at(-1)).toMatch(/On “next words”, yes, RLOO\.$/);
    // The slower DPO flips as little as RLOO.
    const withBetter = [...overSeeds('DPO', 40), ...overSeeds('RLOO', 20), ...overSeeds('DPO, slow', 20)];
    expect(studyAnswer([study({ words: withBetter })]).at(-1)).toMatch(/On “next words”, no interval says so\.$/);
  });

  it('asks only at the matches that were measured, and names the model where there are several', () => {
    const curves = [...overSeeds('DPO', 40), ...overSeeds('RLOO', 20)];
    const one = study({ words: curves }, ['sampled-reward']);
    const answer = studyAnswer([one, { ...one, model: 'large' }]);
    expect(answer).toEqual(
      ['small', 'large'].map(
        (model) =>
          `Does any method beat DPO interpolated with the old weights at equal sampled reward? On “next words” with ${model}, yes, RLOO.`,
      ),
    );
  });

  it('has the ratios with two places, the shares without, and how they came about once', () => {
    const curves = [path('DPO', 0, 40), path('RLOO', 0, 34)];
    const [words, cloze] = studyTables(study({ words: curves, cloze: curves }));
    expect(words?.rows).toEqual([['RLOO', '0.85', '0.85', '1', '1']]);
    expect(words?.method).toContain('at 50 %, 75 % and 100 % of the range that both reach (equal sampled reward)');
    expect([words?.note, cloze?.note]).toEqual(new Array(2).fill('Below 1: fewer negative flips than DPO.'));
    expect(cloze?.method).toBe(null);
  });
});
