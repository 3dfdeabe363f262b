import { describe, expect, test } from 'vitest';
import { gateMarkdown, judgeGate } from '../../../src-main/reports/gate.ts';
import { outputFloor } from '../../../src-main/shared/domain/statistics/output-floor.ts';
import { comparisonSummary, flipCode, noFlipCounts } from '../../../src-main/shared/domain/statistics/summarise.ts';
import { floorSentence } from '../../../src-main/shared/presentation/output-floor.ts';

const rule = { kind: 'margin', tau: 0, direction: 'higher' } as const;

/** 100 old scores of 1; the old model's second answer is worse at the first 40, the new one at 10 to 69. */
function summary(newFalls: (i: number) => boolean) {
  const negative = Array.from({ length: 100 }, (_, i) => newFalls(i));
  const falls = negative.filter(Boolean).length;
  return comparisonSummary({
    left: { id: 'l', name: 'old' },
    right: { id: 'r', name: 'new' },
    rule,
    unmatchedLeft: 0,
    unmatchedRight: 0,
    counts: { ...noFlipCounts(), negative: falls, unchanged: 100 - falls },
    slices: [],
    samples: {
      kinds: Uint8Array.from(negative, (fell) => flipCode(fell ? 'negative' : 'unchanged')),
      deltas: Float64Array.from(negative, (fell) => (fell ? -1 : 0)),
      clusters: null,
      repeated: {
        before: new Float64Array(100).fill(1),
        again: Float64Array.from({ length: 100 }, (_, i) => (i < 40 ? 0 : 1)),
      },
    },
  });
}

describe('the floor of sampled outputs', () => {
  test('is the share that falls between two samplings of the old model, and the rest a paired difference', () => {
    const { floor } = summary((i) => i >= 10 && i < 70);
    // By hand: 30 fall in the new model alone, 10 in the second answer alone. Bonett and Price: (31 − 11)/102 ± 1.96·√(…/102).
    expect(floor).toMatchObject({ n: 100, nfr: 0.4, level: 0.95 });
    expect(floor?.excess.value).toBeCloseTo(0.2, 12);
    expect([floor?.excess.low ?? 0, floor?.excess.high ?? 0].map((x) => x.toFixed(3))).toEqual(['0.078', '0.315']);
    expect([floor?.low ?? 0, floor?.high ?? 0].map((x) => x.toFixed(3))).toEqual(['0.309', '0.498']);
    expect(floorSentence(floor!)).toMatch(/make 40\.0 % .* of 100 outputs worse: the floor\. Beyond it \+?20\.0/);
  });

  test('leaves out what was not answered twice', () => {
    expect(outputFloor([{ before: 1, again: NaN, isNegative: true }], rule)).toBeNull();
    const margin = { kind: 'margin', tau: 2, direction: 'higher' } as const;
    const some = [
      { before: 5, again: 4, isNegative: false },
      { before: 5, again: 2, isNegative: true },
    ];
    expect(outputFloor(some, margin)).toMatchObject({ n: 2, nfr: 0.5, excess: { value: 0 } });
  });

  test.each([
    [(i: number) => i >= 10 && i < 70, 0.05, 'fail'],
    [(i: number) => i >= 10 && i < 70, 0.2, 'undecided'],
    [(i: number) => i < 40, 0.05, 'pass'],
  ])('is what the gate judges beyond (case %#)', (falls, maxNfr, outcome) => {
    const verdict = judgeGate(summary(falls), { maxNfr });
    expect(verdict.outcome).toBe(outcome);
    expect(verdict.checks[0]?.reason).toContain('two samplings of the old model make 40.0 %');
    // A difference of two rates, in the sentence and in the table.
    expect(verdict.checks[0]).toMatchObject({ name: 'NFR beyond floor', quantity: 'difference' });
    expect(gateMarkdown(verdict)).toMatch(/\| NFR beyond floor \| \S+ points \| .* points \| \+\S+ points \|/);
    expect(verdict.checks[0]?.reason).toMatch(/Beyond it \S+ points, interval .* points, .* the limit of \S+ points\./);
  });
});
