import { describe, expect, it } from 'vitest';
import type { ReportStudyTable } from '../../src-main/shared/domain/reports/report-model.ts';
import { matchCurves } from '../../src-main/shared/domain/statistics/matched-curves.ts';
import type { MatchedAxis, MethodCurve } from '../../src-main/shared/domain/statistics/matched-curves.ts';
import { studyAnswer } from '../../src-main/shared/presentation/study-answer.ts';
import { studyTables } from '../../src-main/shared/presentation/study-tables.ts';

/** A path that loses `lost` of 1,000 samples on the way to a reward of 2 and a KL of `kl` nats. */
function path(method: string, seed: number, lost: number, kl = 4): MethodCurve {
  const at = (fraction: number) => ({
    fraction,
    along: { 'sampled-reward': 2 * fraction, 'greedy-reward': null, kl: kl * fraction },
    negativeFlips: lost * fraction,
    n: 1000,
  });
  return { method, seed, points: [at(0), at(0.5), at(1)] };
}

function study(
  checks: Record<string, MethodCurve[]>,
  axes: MatchedAxis[] = ['sampled-reward', 'kl'],
): ReportStudyTable {
  const methods = [...new Set(Object.values(checks).flatMap((curves) => curves.map(({ method }) => method)))];
  const references = ['DPO', ...methods.filter((method) => method === 'DPO, slow')];
  return {
    model: 'small',
    reference: 'DPO',
    lowerRate: 'DPO, slow',
    methods: methods.map((method) => ({ method, tried: 1, seeds: [0] })),
    checks: Object.entries(checks).map(([check, curves]) => ({
      check,
      tables: references.flatMap((reference) =>
        axes.map((axis) => {
          const table = matchCurves(curves, { axis, reference });
          return { ...table, shares: [...table.shares] };
        }),
      ),
    })),
    points: [],
  };
}

const overSeeds = (method: string, lost: number, kl?: number) =>
  [0, 1, 2].map((seed) => path(method, seed, lost + seed, kl));

describe('what a study found, in words', () => {
  it('says of one seed once, for all checks, that it tells nothing', () => {
    const curves = [path('DPO', 0, 40), path('RLOO', 0, 20), path('DPO, slow', 0, 30)];
    expect(studyAnswer([study({ words: curves, cloze: curves })])).toEqual([
      'On “next words” and “cloze”, one seed gives no interval, so RLOO and “DPO, slow” cannot be told from DPO.',
      'Does any method beat the better of “DPO” and “DPO, slow”, each interpolated with the old weights, at equal sampled reward and at equal KL? On “next words” and “cloze”, one seed cannot tell.',
    ]);
  });

  it('names the methods whose interval leaves 1 out with ratio and interval, the others in one sentence', () => {
    // A third of the KL for the same reward: at equal KL RLOO is three times as far, so it flips more.
    const uneven = [0, 1, 2].map((seed) => path('PPO', seed, [10, 40, 160][seed] ?? 0));
    const [first, second, third, best] = studyAnswer([
      study({
        words: [...overSeeds('DPO', 40), ...overSeeds('RLOO', 20, 4 / 3), ...uneven, ...overSeeds('DPO, slow', 40)],
      }),
    ]);
    expect(first).toBe(
      'On “next words”, RLOO has fewer negative flips than DPO: 0.51 times as many (0.48 to 0.54) at equal sampled reward, over 3 seeds.',
    );
    expect(second).toMatch(
      /^On “next words”, RLOO has more negative flips than DPO: 1\.1\d times as many .* at equal KL, over 3 seeds\.$/,
    );
    expect(third).toBe(
      'On “next words”, no interval tells these from DPO: PPO (at any match); “DPO, slow” (at any match).',
    );
    expect(best).toMatch(/only in part: at equal sampled reward RLOO, at equal KL no interval says so\.$/);
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
    expect(answer[1]).toBe(
      'Does any method beat DPO interpolated with the old weights at equal sampled reward? On “next words” with small, yes, RLOO.',
    );
    expect(answer[2]).toMatch(/^On “next words” with large, RLOO has fewer/);
  });

  it('has the ratios with two places, the shares without, and how they came about once', () => {
    const curves = [path('DPO', 0, 40), path('RLOO', 0, 34)];
    const [words, cloze] = studyTables(study({ words: curves, cloze: curves }));
    expect(words?.rows).toEqual([['RLOO', '0.85', '0.85', '1', '1']]);
    expect(words?.note).toContain('at 50 %, 75 % and 100 % of the range that both reach (equal sampled reward)');
    expect(cloze?.note).toBe('Below 1: fewer negative flips than DPO.');
  });
});
