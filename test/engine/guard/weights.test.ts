import { describe, expect, test } from 'vitest';
import { GuardWeights } from '../../../src-main/engine/guard/weights.ts';
import type { ObjectiveState } from '../../../src-main/engine/objectives/objective.ts';
import { guardSpec, type GuardSpec } from '../../../src-main/shared/domain/run-spec.ts';

type Learned = NonNullable<GuardSpec['learnedWeight']>;

function weightsWith(learnedWeight: Learned | null, weight = 1, slices?: string[]): GuardWeights {
  return new GuardWeights(guardSpec.parse({ kind: 'flipguard', weight, learnedWeight }), slices);
}

const all = (weights: GuardWeights) => [...weights.of([0, 1, 2, 3])];

describe('one λ', () => {
  test('stays as it is where it is not learned', () => {
    const weights = weightsWith(null, 0.5);
    weights.learn({ targets: [0], fired: [1], excess: [9] });
    expect([weights.mean, weights.state()]).toEqual([0.5, { guardWeight: 0.5 }]);
  });

  test('follows the firing rate and never turns negative', () => {
    const weights = weightsWith({ rate: 0.5, target: 0.2 });
    weights.learn({ targets: [0, 1, 2, 3, 4], fired: [1, 1, 1, 0, 0], excess: [] });
    // 1 + 0.5 · (0.6 − 0.2)
    expect(weights.mean).toBeCloseTo(1.2, 12);
    weights.mean = 0.05;
    weights.learn({ targets: [0, 1], fired: [0, 0], excess: [] });
    expect(weights.mean).toBe(0);
  });

  test('of a text counts its held tokens', () => {
    const weights = weightsWith({ rate: 1, target: 0.5 });
    weights.learn({ targets: [0, 1], fired: [3, 0], mayFire: [3, 1], excess: [] });
    // 3 of 4 tokens: 1 + (0.75 − 0.5)
    expect(weights.mean).toBe(1.25);
  });

  test('follows the amount of the fall, which may pass 1', () => {
    const weights = weightsWith({ rate: 0.25, target: 1, of: 'fall' });
    weights.learn({ targets: [0, 1, 2, 3], fired: [1, 1, 0, 0], excess: [6, 2, 0, 0] });
    // 1 + 0.25 · (2 − 1)
    expect(weights.mean).toBe(1.25);
  });
});

describe('λ per slice', () => {
  const slices = ['math', 'code', 'math', 'untagged'];
  const learned: Learned = { rate: 2, target: 0.25, of: 'fall', per: 'slice' };

  test('rises where a slice falls by more than the target, sinks where by less, and waits where the step has none of it', () => {
    const weights = weightsWith(learned, 1, slices);
    const seen = { targets: [0, 1, 2, 1], fired: [1, 0, 1, 0], excess: [1, 0, 0.5, 0.1] };
    // Before λ moves. math: (1 + 0.5) / 2, code: (0 + 0.1) / 2
    expect(weights.measures(seen)).toEqual({
      'guard/weight/math': 1,
      'guard/excess/math': 0.75,
      'guard/weight/code': 1,
      'guard/excess/code': 0.05,
      'guard/weight/untagged': 1,
    });
    weights.learn(seen);
    // math 1 + 2·(0.75 − 0.25), code 1 + 2·(0.05 − 0.25), untagged as it was
    all(weights).forEach((weight, i) => expect(weight).toBeCloseTo([2, 0.6, 2, 1][i]!, 6));
    expect(weights.mean).toBeCloseTo((2 + 0.6 + 1) / 3, 12);
    weights.learn({ targets: [1], fired: [0], excess: [0] });
    weights.learn({ targets: [1], fired: [0], excess: [0] });
    all(weights).forEach((weight, i) => expect(weight).toBeCloseTo([2, 0, 2, 1][i]!, 6));
    expect(weights.isIdle).toBe(false);
  });

  test('is raised as a whole by a limit, and goes on where a checkpoint left it', () => {
    const weights = weightsWith({ ...learned, of: 'firing-rate' }, 1, slices);
    weights.learn({ targets: [0, 1], fired: [1, 0], excess: [0, 0] });
    const resumed = weightsWith({ ...learned, of: 'firing-rate' }, 1, slices);
    resumed.restore(JSON.parse(JSON.stringify(weights.state())) as ObjectiveState);
    expect(all(resumed)).toEqual(all(weights));
    // 2.5, 0.5 and 1
    resumed.mean = 2 * resumed.mean;
    expect(all(resumed)).toEqual([5, 1, 5, 2]);
  });
});
