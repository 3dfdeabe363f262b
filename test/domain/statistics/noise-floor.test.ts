import { describe, expect, it } from 'vitest';
import type { Judged } from '../../../src-main/shared/domain/flips.ts';
import { defaultRule } from '../../../src-main/shared/domain/flips.ts';
import { flipSolidity, noiseFloor } from '../../../src-main/shared/domain/statistics/noise-floor.ts';
import type { RepeatedSample } from '../../../src-main/shared/domain/statistics/noise-floor.ts';
import { SeededRandom } from '../../../src-main/shared/domain/statistics/random.ts';

/** `r` right, `w` wrong, `-` missing. */
const side = (letters: string): Judged[] =>
  [...letters].map((letter) => ({ verdict: letter === 'r' ? 'right' : letter === 'w' ? 'wrong' : null, score: null }));
const sample = (left: string, right: string): RepeatedSample => ({ left: side(left), right: side(right) });

describe('a flip is', () => {
  it.each([
    ['rr', 'ww', 'solid'],
    ['rr', 'w', 'solid'],
    ['rw', 'ww', 'flaky'],
    ['rr', 'wr', 'flaky'],
    ['r', 'w', 'untested'],
    ['ww', 'rr', 'solid'], // positive flips too
    ['r-', 'w', 'flaky'], // a repeat without a verdict does not confirm
    ['rr', 'rr', null],
  ])('%s → %s: %s', (left, right, expected) => {
    expect(flipSolidity(sample(left, right), defaultRule)).toBe(expected);
  });
});

describe('the noise floor', () => {
  it('is half of what two runs of the same checkpoint disagree on', () => {
    // 10 samples: 4 differ within A/A; 3 negative flips, 1 of them on a sample that also flips in A/A.
    const samples = [
      ...['rw', 'wr', 'wr', 'wr'].map((left, i) => sample(left, i === 0 ? 'w' : 'r')),
      sample('rr', 'w'),
      sample('rr', 'w'),
      ...Array.from({ length: 4 }, () => sample('rr', 'r')),
    ];
    expect(noiseFloor(samples, defaultRule)).toMatchObject({ n: 10, floor: 0.2, nfr: 0.3, solid: 2, flaky: 1 });
    expect(noiseFloor(samples, defaultRule)?.excess.value).toBeCloseTo(0.1, 12);
  });
  it('is 0 for repeats that agree, and unknown without repeats', () => {
    expect(noiseFloor([sample('rr', 'w'), sample('ww', 'w')], defaultRule)).toMatchObject({ floor: 0, nfr: 0.5 });
    expect(noiseFloor([sample('r', 'w')], defaultRule)).toBeNull();
    expect(noiseFloor([], defaultRule)).toBeNull();
  });
  it('explains all flips of a model that did not change: the excess holds 0', () => {
    const random = new SeededRandom(2);
    const samples = Array.from({ length: 3000 }, () => {
      const chance = random.next();
      const one = () => (random.next() < chance ? 'r' : 'w');
      return sample(one() + one(), one());
    });
    const floor = noiseFloor(samples, defaultRule);
    expect(floor?.floor).toBeCloseTo(1 / 6, 1);
    expect(floor?.excess.low).toBeLessThan(0);
    expect(floor?.excess.high).toBeGreaterThan(0);
  });
});
