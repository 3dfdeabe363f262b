import { describe, expect, it } from 'vitest';
import type { FrontierPoint } from '../../../src-main/shared/contract/views.ts';
import { matchMethods } from '../../../src-main/shared/domain/statistics/matched-methods.ts';
import type { MethodPath } from '../../../src-main/shared/domain/statistics/matched-methods.ts';
import {
  guardAnswer,
  guardSetSentence,
  matchedSentence,
  outcomeSentence,
  unguardedSentence,
} from '../../../src-main/workbench/comparing/found-sentences.ts';

const point = (changes: Partial<FrontierPoint>): FrontierPoint => ({
  evaluationId: 'e',
  runId: 'r',
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
      rows: [],
    };
    expect([guardSetSentence('DPO 2', ledger), unguardedSentence(0), unguardedSentence(1)]).toEqual([
      'Relaunched with the guard set “lost words” (DPO 2), 7 of the 10 lost samples came back, and 2 others were lost.',
      [],
      ['Nothing holds that sample yet: look at it, put it into a guard set and relaunch.'],
    ]);
  });
});
