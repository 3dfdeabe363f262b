import { describe, expect, test } from 'vitest';
import { FlipLimit } from '../../src-main/engine/flip-limit.ts';
import type { SampleResult, Verdict } from '../../src-main/shared/domain/evaluations.ts';

const at = (step: number) => ({ suiteId: 's', suiteName: 'outputs', step });
const result = (i: number, score: number | null, verdict: Verdict | null, again?: number): SampleResult => ({
  sampleId: String(i),
  prompt: '',
  output: '',
  score,
  verdict,
  ...(again === undefined ? {} : { metrics: { 'rewards/again': again } }),
});
const hundred = <T>(make: (i: number) => T) => Array.from({ length: 100 }, (_, i) => make(i));

function told(limit: number, before: SampleResult[], after: SampleResult[]): string | null {
  const flips = new FlipLimit(limit);
  flips.observe(at(0), before);
  flips.observe(at(2), after);
  return flips.passedAt(2);
}

describe('a limit on negative flips', () => {
  test('counts verdicts, and leaves samples without one alone', () => {
    const before = hundred((i) => result(i, 1, i < 90 ? 'right' : 'tie'));
    const after = hundred((i) => result(i, 1, i < 30 ? 'wrong' : 'right'));
    expect(told(0.07, before, after)).toMatch(/pass the limit of 7 %: /);
    expect(told(0.2, before, after)).toContain('NFR 33.3 % (24.5 % to 43.6 %, 30 of 90)');
    expect(told(0.3, before, after)).toBeNull();
  });

  test('counts scores that fell where nobody judges, greedy answers as they are', () => {
    const before = hundred((i) => result(i, 2, null));
    const after = hundred((i) => result(i, i < 30 ? 1 : i < 60 ? 2 : 3, null));
    expect(told(0.2, before, after)).toBe(
      'Negative flips at step 2 pass the limit of 20 %: outputs: 30 of 100 scores fell, NFR 30.0 % (21.9 % to 39.6 %).',
    );
    expect(told(0.22, before, after)).toBeNull();
  });

  test('counts sampled scores beyond the floor of two samplings of the start, and says it', () => {
    // The old model falls on 40 of its own; the new one on 60, 30 of them the same.
    const before = hundred((i) => result(i, 1, null, i < 40 ? 0 : 1));
    const after = hundred((i) => result(i, i >= 10 && i < 70 ? 0 : 1, null));
    expect(told(0.05, before, after)).toContain(
      '60 of 100 scores fell, NFR 60.0 %, 20.0 points (7.8 points to 31.5 points) beyond the floor of 40.0 % that two samplings of the old model make',
    );
    expect(told(0.08, before, after)).toBeNull();
    // What the old model does to itself passes no limit.
    const itself = hundred((i) => result(i, i >= 60 ? 0 : 1, null));
    expect(told(0.02, before, itself)).toBeNull();
  });
});
