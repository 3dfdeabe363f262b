import { describe, expect, it } from 'vitest';
import { gateJUnit, gateMarkdown, judgeGate } from '../../src-main/reports/gate.ts';

import { comparisonSummary, flipCode, noFlipCounts } from '../../src-main/shared/domain/statistics/summarise.ts';
import type { GateLimits } from '../../src-main/reports/gate.ts';
import type { FlipKind } from '../../src-main/shared/domain/flips.ts';

function summary(negative: number, positive: number, n: number, clusterSize?: number) {
  const kinds = Array.from({ length: n }, (_, i): FlipKind =>
    i < negative ? 'negative' : i < negative + positive ? 'positive' : 'kept-right',
  );
  return comparisonSummary({
    left: { id: 'l', name: 'old' },
    right: { id: 'r', name: 'new' },
    rule: { kind: 'verdict', ties: 'excluded' },
    unmatchedLeft: 0,
    unmatchedRight: 0,
    counts: { ...noFlipCounts(), negative, positive, 'kept-right': n - negative - positive },
    slices: [],
    ...(clusterSize === undefined
      ? {}
      : {
          samples: {
            kinds: Uint8Array.from(kinds, flipCode),
            deltas: new Float64Array(n).fill(Number.NaN),
            clusters: Int32Array.from(kinds, (_, i) => Math.floor(i / clusterSize)),
          },
        }),
  });
}

describe('the gate', () => {
  it.each([
    [5, 1000, 0.02, 'pass'], // 0.2 to 1.2 %
    [39, 397, 0.05, 'fail'], // 7.3 to 13.1 %
    [15, 1000, 0.02, 'undecided'], // 0.9 to 2.5 %
    [15, 1000, 0.01, 'undecided'],
    [0, 0, 0.5, 'undecided'],
  ])('%i of %i with at most %f: %s', (negative, n, maxNfr, outcome) => {
    expect(judgeGate(summary(negative, 0, n), { maxNfr }).outcome).toBe(outcome);
  });

  it('says how many samples would decide', () => {
    const [check] = judgeGate(summary(15, 0, 1000), { maxNfr: 0.02 }).checks;
    expect(check?.reason).toContain('About 3,012 paired samples would decide it');
  });

  it('fails when one limit is broken, whatever the other says', () => {
    const verdict = judgeGate(summary(100, 0, 1000), { maxNfr: 0.5, maxDrop: 0.02 });
    expect(verdict.checks.map(({ name, outcome }) => [name, outcome])).toEqual([
      ['NFR', 'pass'],
      ['drop', 'fail'],
    ]);
    expect(verdict.outcome).toBe('fail');
  });

  it('judges the drop by net change: as many won as lost is no drop', () => {
    const verdict = judgeGate(summary(100, 100, 2000), { maxNfr: 0.1, maxDrop: 0.02 });
    expect(verdict.outcome).toBe('pass');
  });

  it('does not trust samples that come in groups as if they were independent', () => {
    const limit = { maxNfr: 0.05 };
    expect(judgeGate(summary(60, 0, 2000), limit).outcome).toBe('pass');
    expect(judgeGate(summary(60, 0, 2000, 50), limit).outcome).toBe('undecided');
  });

  it.each([-0.1, 1.1, Number.NaN])('refuses the limit %f', (maxNfr) => {
    expect(() => judgeGate(summary(1, 0, 10), { maxNfr })).toThrow(/share between 0 and 1/);
  });

  it('says the unit of the limit that it refuses', () => {
    const refusal = (limits: GateLimits) => {
      try {
        return judgeGate(summary(1, 0, 10), limits);
      } catch (error) {
        return error;
      }
    };
    expect(refusal({ maxNfr: 2 })).toMatchObject({ remedy: 'Write 0.02 for 2 %.' });
    for (const limits of [{ maxDrop: 2 }, { maxExcess: 2 }])
      expect(refusal(limits)).toMatchObject({ remedy: 'Write 0.02 for 2 points.' });
  });

  it('tells limits as they were set, and rounds only what was measured', () => {
    const limits = {
      maxNfr: 0.00005,
      maxDrop: 0.00125,
      kinds: [{ kind: 'cut', limit: 0.125, rate: summary(1, 0, 10).nfr }],
    };
    const { checks } = judgeGate(summary(100, 0, 1000), limits);
    expect(checks.map(({ reason }) => / the limit of (.*?)\.( About|$)/.exec(reason)?.[1])).toEqual([
      '0.005 %',
      '+0.125 points',
      '12.5 %',
    ]);
  });

  it('writes Markdown and JUnit', () => {
    const verdict = judgeGate(summary(39, 11, 397), { maxNfr: 0.05, maxDrop: 0.05 });
    expect(gateMarkdown(verdict)).toBe(`### FlipGuard gate: ✗ failed

old → new, 397 paired samples

| check | value | interval | limit | outcome |
| --- | ---: | ---: | ---: | --- |
| NFR | 9.8 % | 7.3 to 13.1 % | 5 % | ✗ failed |
| drop | +7.1 points | +3.5 to +10.5 points | +5 points | ? could not be decided |

- NFR 9.8 %, interval 7.3 to 13.1 %, which lies beyond the limit of 5 %.
- Drop +7.1 points, interval +3.5 to +10.5 points, which reaches over the limit of +5 points.

Judged on the bounds of the 95 % intervals.
`);
    expect(gateJUnit(verdict)).toContain('tests="2" failures="1" errors="1" skipped="0"');
  });
});
