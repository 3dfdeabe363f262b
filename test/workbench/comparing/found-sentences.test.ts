import { describe, expect, it } from 'vitest';
import type { FrontierPoint } from '../../../src-main/shared/contract/views.ts';
import type { ReportStudyTable } from '../../../src-main/shared/domain/reports/report-model.ts';
import { matchCurves, matchedAxes } from '../../../src-main/shared/domain/statistics/matched-curves.ts';
import { outputFloor } from '../../../src-main/shared/domain/statistics/output-floor.ts';
import { matchMethods } from '../../../src-main/shared/domain/statistics/matched-methods.ts';
import type { MethodPath } from '../../../src-main/shared/domain/statistics/matched-methods.ts';
import {
  curveSentence,
  guardAnswer,
  guardAnswerAlong,
  guardSetSentence,
  halfwaySentence,
  matchedSentence,
  outcomeSentence,
  outputsSentence,
  unguardedSentence,
} from '../../../src-main/workbench/comparing/found-sentences.ts';
import { foundTable } from '../../../src-main/workbench/comparing/found-table.ts';

const point = (changes: Partial<FrontierPoint>): FrontierPoint => ({
  evaluationId: 'e',
  runId: 'r',
  pathOf: null,
  runName: 'DPO',
  method: 'DPO',
  step: 48,
  seed: 0,
  checkpointId: null,
  reward: null,
  kl: null,
  accuracy: null,
  nfr: null,
  pfr: null,
  floor: null,
  counts: null,
  ...changes,
});

/** A method that loses `lost` of 1,000 samples for a gain of 2. */
const path = (method: string, lost: number, seed = 0): MethodPath => {
  const at = (position: number, reward: number, negativeFlips: number) => ({
    position,
    label: `step ${position}`,
    reward,
    kl: null,
    negativeFlips,
    positiveFlips: 0,
    n: 1000,
  });
  return { method, seed, points: [at(0, 0, 0), at(10, 2, lost)] };
};

/** At a gain of 1, half of the way: half of what each loses. */
function table(reference: string, paths: MethodPath[]) {
  const matched = matchMethods(paths, { axis: 'reward-gain', reference, at: 1 });
  if (matched === null) throw new Error('the paths share no ground');
  return { title: 'words', ...matched };
}

describe('what trainings came to', () => {
  it('names the weights, the losses with their rate and interval, the gains and the reward', () => {
    const now = point({
      reward: 2.5,
      nfr: { value: 0.02, low: 0.01, high: 0.04 },
      counts: { negative: 20, positive: 3, n: 1000 },
    });
    expect(outcomeSentence({ runName: 'DPO', suiteName: 'words', start: point({ step: 0, reward: 0.5 }), now })).toBe(
      'DPO, step 48, lost 20 of 1,000 samples of “next words” (NFR 2.0 %, 95 % interval 1.0 to 4.0 %) and won 3; its reward went from 0.5 to 2.5.',
    );
  });

  it('sets methods against each other at the same gain and says that one seed tells nothing', () => {
    expect(matchedSentence(table('DPO', [path('DPO', 40), path('DPO + FlipGuard', 20)]))).toBe(
      'Where each has gained the same reward (+1), the share of samples lost is: DPO 2.0 % and DPO + FlipGuard 1.0 %. One seed cannot tell such differences from chance.',
    );
  });

  it('says which method loses fewer where the seeds agree', () => {
    const seeds = [0, 1, 2].flatMap((seed) => [path('DPO', 40 + seed, seed), path('DPO + FlipGuard', 20 + seed, seed)]);
    expect(matchedSentence(table('DPO', seeds))).toMatch(
      /DPO \+ FlipGuard loses fewer than DPO \(0\.51 times as many, .* over seeds\)\.$/,
    );
  });

  it.each([
    [
      20,
      'It looks so here: it lost 1.0 %, against 2.0 % for interpolated weights and 2.5 % for DPO, each at the same reward (+1). With one seed that may be chance.',
    ],
    [
      60,
      'Not here: it lost 3.0 %, against 2.0 % for interpolated weights and 2.5 % for DPO, each at the same reward (+1). With one seed that may be chance.',
    ],
  ])('answers the question of the demo as the numbers have it (%i lost)', (lost, answer) => {
    const versus = table('interpolation', [path('interpolation', 40), path('DPO', 50), path('DPO + FlipGuard', lost)]);
    expect(guardAnswer(versus)).toEqual([`Does the guard do better than simply training less? ${answer}`]);
  });

  it('answers no question where there is no guard or nothing to hold it against', () => {
    expect([
      guardAnswer(null),
      guardAnswer(table('interpolation', [path('interpolation', 4), path('DPO', 5)])),
    ]).toEqual([[], []]);
  });

  it('says what a relaunch brought back, or that nothing holds what was lost', () => {
    const ledger = {
      guardSet: 'lost words',
      suiteName: 'words',
      baseEvaluationId: 'a',
      unguardedEvaluationId: 'b',
      guardedEvaluationId: 'c',
      repaired: 7,
      stillBroken: 3,
      newlyBroken: 2,
      continues: true,
      rows: [],
    };
    expect([guardSetSentence('DPO 2', ledger), unguardedSentence(0), unguardedSentence(1)]).toEqual([
      'Relaunched with the guard set “lost words” (DPO 2), 7 of the 10 lost samples came back, and 2 others were lost.',
      [],
      ['Nothing holds that sample yet: look at it, put it into a guard set and relaunch.'],
    ]);
  });

  it('says of old outputs against new ones how many fell, next to what two samplings of the old model make', () => {
    // 4 of 8 are worse when the old model is asked once more.
    const floor = outputFloor(
      Array.from({ length: 8 }, (_, i) => ({ before: 1, again: i < 4 ? 0 : 2, isNegative: i === 0 })),
      { kind: 'margin', tau: 0, direction: 'higher' },
    );
    const fell = { n: 96, low: 0.022, high: 0.116 };
    expect([
      ...outputsSentence('sampled', [
        { ...fell, runName: 'DPO', negative: 5, floor },
        { ...fell, runName: 'online', negative: 12, low: 0.073, high: 0.206, floor },
      ]),
      ...outputsSentence('greedy', [{ ...fell, runName: 'DPO', negative: 5, floor: null }]),
      ...outputsSentence('sampled', []),
    ]).toEqual([
      "Prompts of “sampled” whose reward fell below the old output's: DPO 5 of 96 (2.2 to 11.6 %) and online 12 (7.3 to 20.6 %); two samplings of the old model make 4 of 8 worse (21.5 to 78.5 %).",
      "Prompts of “greedy” whose reward fell below the old output's: DPO 5 of 96 (2.2 to 11.6 %).",
    ]);
  });

  it('sets methods curve against curve at every match, and claims no more than the intervals', () => {
    const one = study([[0, 60]]);
    expect([...curveSentence(one, 'words'), ...guardAnswerAlong(one, 'words')]).toEqual([
      'Negative flips over those of DPO, each along its own path from the old weights: DPO + FlipGuard 1.49 at equal sampled reward, 1.49 at equal greedy reward and 1.49 at equal KL. With one seed there is no interval: any of it may be chance.',
      'Does the guard do better than simply training less? Not here: at equal sampled reward it lost 1.49 times as many as DPO, both along their own path. With one seed that may be chance.',
    ]);
    const apart = study([
      [0, 20],
      [1, 60],
    ]);
    expect(curveSentence(apart, 'words')[0]).toMatch(/No interval leaves 1 out: none of it can be told from chance\.$/);
    expect(guardAnswerAlong(apart, 'words')[0]).toMatch(/It looks so here: .* With 2 seeds that may be chance\.$/);
    const alike = study([
      [0, 20],
      [1, 20],
    ]);
    expect(curveSentence(alike, 'words')[0]).toMatch(
      /An interval leaves 1 out for DPO \+ FlipGuard at equal sampled reward, DPO \+ FlipGuard at equal greedy reward and DPO \+ FlipGuard at equal KL; the rest may be chance\.$/,
    );
    expect(guardAnswerAlong(alike, 'words')[0]).toMatch(/ Yes: at equal sampled reward it lost 0\.51 /);
    expect([curveSentence(null, 'words'), guardAnswerAlong(one, 'other')]).toEqual([[], []]);
  });

  it('sets the same out as a table, with the outputs of every run of a method', () => {
    const fell = { method: 'DPO', low: 0, high: 1, floor: null };
    const outputs = [
      {
        suiteName: 'greedy',
        runs: [
          { ...fell, runName: 'a', negative: 3, n: 10 },
          { ...fell, runName: 'b', negative: 2, n: 10 },
          { ...fell, method: 'DPO + guard set', runName: 'c', negative: 0, n: 10 },
        ],
      },
    ];
    const table = foundTable(study([[0, 60]]), 'words', outputs);
    expect([table?.heads, table?.rows, table?.notes]).toEqual([
      ['Method', '#At equal sampled reward', '#At equal greedy reward', '#At equal KL', '#Fell, greedy'],
      [
        // Wilson’s intervals of 5 of 20 and 0 of 10.
        ['DPO', '1', '1', '1', '5 of 20 (11.2 to 46.9 %)'],
        ['DPO + FlipGuard', '1.49', '1.49', '1.49', '–'],
        ['DPO + guard set', '–', '–', '–', '0 of 10 (0.0 to 27.8 %)'],
      ],
      [
        'With one seed there is no interval: any of it may be chance.',
        '–: DPO + guard set was trained on the very samples that are counted here.',
      ],
    ]);
    expect(foundTable(null, 'words', outputs)).toBeNull();
  });

  it('says that moving less loses less only where it does', () => {
    const end = point({ reward: 8, counts: { negative: 40, positive: 1, n: 100 } });
    const middle = point({ runName: 'half', reward: 5, counts: { negative: 10, positive: 1, n: 100 } });
    expect([
      halfwaySentence('DPO', middle, end),
      halfwaySentence('DPO', end, middle),
      halfwaySentence('DPO', undefined, end),
    ]).toEqual([['Moving less loses less: half lost 10 at a reward of 5, DPO itself 40 at 8.'], [], []]);
  });
});

/** DPO loses 40 of 1,000 words on every seed, the guard as many as given; both gain the same on each axis. */
function study(seeds: [seed: number, lost: number][]): ReportStudyTable {
  const curve = (method: string, seed: number, lost: number) => ({
    method,
    seed,
    points: [0, 0.5, 1].map((fraction) => ({
      fraction,
      along: { 'sampled-reward': fraction, 'greedy-reward': fraction, kl: fraction },
      negativeFlips: lost * fraction,
      n: 1000,
    })),
  });
  const curves = seeds.flatMap(([seed, lost]) => [curve('DPO', seed, 40), curve('DPO + FlipGuard', seed, lost)]);
  const tables = matchedAxes.map((axis) => {
    const table = matchCurves(curves, { axis, reference: 'DPO' });
    return { ...table, shares: [...table.shares] };
  });
  const methods = ['DPO', 'DPO + FlipGuard'].map((method) => ({
    method,
    tried: 1,
    seeds: seeds.map(([seed]) => seed),
  }));
  return { model: 'm', reference: 'DPO', lowerRate: '', methods, checks: [{ check: 'words', tables }], points: [] };
}
