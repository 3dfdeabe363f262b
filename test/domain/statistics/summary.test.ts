import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { classifyFlip, defaultRule, flipKinds } from '../../../src-main/shared/domain/flips.ts';
import type { Rule } from '../../../src-main/shared/domain/flip-rules.ts';
import type { FlipKind } from '../../../src-main/shared/domain/flips.ts';
import type { Verdict } from '../../../src-main/shared/domain/evaluations.ts';
import { comparisonSummarySchema } from '../../../src-main/shared/domain/statistics/comparison-summary.ts';
import { SeededRandom } from '../../../src-main/shared/domain/statistics/random.ts';
import {
  comparisonSummary,
  countFlips,
  countedOf,
  flipCode,
  noFlipCounts,
} from '../../../src-main/shared/domain/statistics/summarise.ts';
import type { ComparisonTally } from '../../../src-main/shared/domain/statistics/summarise.ts';

function tallyOf(kinds: readonly FlipKind[], more: Partial<ComparisonTally> = {}): ComparisonTally {
  return {
    left: { id: 'l', name: 'old' },
    right: { id: 'r', name: 'new' },
    rule: defaultRule,
    unmatchedLeft: 0,
    unmatchedRight: 0,
    counts: countFlips(kinds),
    slices: [],
    ...more,
  };
}

function randomKinds(random: SeededRandom): FlipKind[] {
  const weights = flipKinds.map(() => random.next() ** 3);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return Array.from({ length: 1 + Math.floor(random.next() * 400) }, () => {
    let left = random.next() * total;
    return flipKinds.find((_, i) => (left -= weights[i] ?? 0) < 0) ?? 'missing';
  }).filter((kind) => kind !== 'unchanged');
}

describe('a comparison’s summary', () => {
  it('keeps Acc_new − Acc_old = PFR − NFR on every comparison', () => {
    const random = new SeededRandom(1);
    for (let round = 0; round < 500; round += 1) {
      const { n, accuracy, nfr, pfr, netChange } = comparisonSummary(tallyOf(randomKinds(random)));
      if (n.paired === 0) continue;
      const whole = (share: number | null) => Math.round((share ?? NaN) * n.paired);
      expect(whole(accuracy.right) - whole(accuracy.left)).toBe(whole(pfr.value) - whole(nfr.value));
      expect((accuracy.right ?? NaN) - (accuracy.left ?? NaN)).toBeCloseTo(netChange.value ?? NaN, 12);
    }
  });

  it('says what was left out next to N', () => {
    const kinds: FlipKind[] = ['negative', 'kept-right', 'kept-wrong', 'tied', 'missing', 'missing'];
    expect(comparisonSummary(tallyOf(kinds, { unmatchedLeft: 3, unmatchedRight: 1 })).n).toEqual({
      paired: 3,
      unmatchedLeft: 3,
      unmatchedRight: 1,
      missingVerdict: 2,
      tied: 1,
    });
  });

  it('keeps 60 regressed and 60 fixed of 500 in sight although the net change is nil', () => {
    const counts = { ...noFlipCounts(), negative: 60, positive: 60, 'kept-right': 300, 'kept-wrong': 80 };
    const summary = comparisonSummary(tallyOf([], { counts }));
    expect(summary.netChange).toMatchObject({ value: 0, mcnemarExactP: 1, samplesToSettle: null });
    expect(summary.nfr).toMatchObject({ value: 0.12, method: 'wilson', level: 0.95 });
    expect(summary.nfi?.value).toBeCloseTo(60 / 140, 15);
    expect(summary.lostOfRight?.value).toBeCloseTo(60 / 360, 15);
  });

  it('claims no accuracy under the margin rule', () => {
    const rule: Rule = { kind: 'margin', tau: 1, direction: 'higher' };
    const summary = comparisonSummary(tallyOf(['negative', 'unchanged', 'positive', 'unchanged'], { rule }));
    expect(summary).toMatchObject({ accuracy: { left: null, right: null }, nfi: null, lostOfRight: null });
    expect(summary.nfr.value).toBe(0.25);
  });

  it('knows nothing of no samples, and still is the object its schema says', () => {
    const summary = comparisonSummary(tallyOf([]));
    expect(summary).toMatchObject({ accuracy: { left: null, right: null }, nfr: { value: null, low: 0, high: 1 } });
    expect(comparisonSummarySchema.parse(JSON.parse(JSON.stringify(summary)))).toEqual(summary);
  });

  it('takes clusters and scores from the samples and passes its own schema', () => {
    const kinds: FlipKind[] = Array.from({ length: 40 }, (_, i) => (i % 8 < 2 ? 'negative' : 'kept-right'));
    const samples = {
      kinds: Uint8Array.from(kinds, flipCode),
      deltas: Float64Array.from(kinds, (kind) => (kind === 'negative' ? -1 : 0)),
      clusters: Int32Array.from(kinds, (_, i) => Math.floor(i / 2)),
    };
    const summary = comparisonSummary(tallyOf(kinds, { samples }), { seed: 7 });
    expect(summary.scoreDelta).toMatchObject({
      mean: -0.25,
      seed: 7,
      method: 'clustered-paired-bootstrap',
      clusters: 20,
    });
    // Flips come in pairs of one cluster: half as many independent samples.
    expect(summary.clustered?.nfr.designEffect).toBeCloseTo(2 * (20 / 19), 12);
    expect(comparisonSummarySchema.parse(JSON.parse(JSON.stringify(summary)))).toEqual(summary);
  });

  it('singles out the slice with the excess, adjusted for the slices looked at', () => {
    const whole = { ...noFlipCounts(), negative: 40, 'kept-right': 960 };
    const bad = { ...noFlipCounts(), negative: 20, 'kept-right': 80 };
    const plain = { ...noFlipCounts(), negative: 4, 'kept-right': 96 };
    const { slices } = comparisonSummary(
      tallyOf([], {
        counts: whole,
        slices: [
          { name: 'bad', counts: bad },
          { name: 'plain', counts: plain },
        ],
      }),
    );
    expect(slices[0]).toMatchObject({ name: 'bad', n: 100, negativeFlips: 20 });
    expect(slices[0]?.pHolm).toBeLessThan(1e-8);
    expect(slices[1]?.pHolm).toBeGreaterThan(0.5);
    // Of two tests Holm doubles the smaller p, and so does Benjamini–Hochberg; the larger stays as it is.
    expect(slices[0]?.pBh).toBe(slices[0]?.pHolm);
    expect(slices[1]?.pBh).toBe(slices[1]?.pHolm);
  });
});

/** Real evaluations next to the checkout, not part of it. */
const shared = new URL('../../../../shared/data/', import.meta.url);
const missing = existsSync(shared) ? '' : ' (skipped: ../shared is not here)';
const readJsonLines = (path: string): unknown[] =>
  readFileSync(new URL(path, shared), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
const verdicts = (right: boolean): { verdict: Verdict; score: null } => ({
  verdict: right ? 'right' : 'wrong',
  score: null,
});

describe.skipIf(missing !== '')(`real evaluations${missing}`, () => {
  it('GSM8K: 64 negative, 293 positive flips of 1,319', () => {
    type Row = Record<'6b_finetuning' | '6b_verification', { is_correct: boolean }>;
    const rows = readJsonLines('gsm8k/example_model_solutions.jsonl') as Row[];
    const kinds = rows.map((row) =>
      classifyFlip(verdicts(row['6b_finetuning'].is_correct), verdicts(row['6b_verification'].is_correct), defaultRule),
    );
    const summary = comparisonSummary(tallyOf(kinds));
    expect([summary.n.paired, summary.negativeFlips, summary.positiveFlips]).toEqual([1319, 64, 293]);
  });

  it('lm-eval cloze: 39 negative, 11 positive flips of 397, with the intervals that go with them', () => {
    const load = (model: string) => {
      const file = readdirSync(new URL(`lm_eval/${model}/`, shared)).find((name) => name.startsWith('samples'));
      const rows = readJsonLines(`lm_eval/${model}/${file}`) as { doc_id: number; acc: number }[];
      return new Map(rows.map((row) => [row.doc_id, row.acc === 1]));
    };
    const [old, now] = [load('base_15M'), load('dpo_15M')];
    const kinds = [...old].map(([id, right]) =>
      classifyFlip(verdicts(right), verdicts(now.get(id) === true), defaultRule),
    );
    const summary = comparisonSummary(tallyOf(kinds));
    expect(countedOf(countFlips(kinds))).toBe(397);
    expect([summary.negativeFlips, summary.positiveFlips]).toEqual([39, 11]);
    expect(summary.accuracy.left).toBeCloseTo(284 / 397, 12);
    expect(summary.accuracy.right).toBeCloseTo(256 / 397, 12);
    expect(
      [summary.nfr.low, summary.nfr.high, summary.pfr.low, summary.pfr.high].map((bound) => bound.toFixed(3)),
    ).toEqual(['0.073', '0.131', '0.016', '0.049']);
    expect(summary.netChange.mcnemarExactP).toBeCloseTo(0.0000902, 7);
  });

  it('AlpacaEval: 27 negative, 138 positive flips; wins 551 → 662 of 805', () => {
    type Row = { instruction: string; preference: number | null };
    const load = (model: string) =>
      JSON.parse(
        readFileSync(new URL(`alpaca_eval/${model}/alpaca_eval_gpt4/annotations.json`, shared), 'utf8'),
      ) as Row[];
    const verdictOf = ({ preference }: Row): { verdict: Verdict | null; score: null } => ({
      verdict: preference === null ? null : preference === 0 ? 'tie' : preference === 2 ? 'right' : 'wrong',
      score: null,
    });
    const now = new Map(load('phi-2-dpo').map((row) => [row.instruction, verdictOf(row)]));
    const kinds = load('phi-2-sft').map((row) =>
      classifyFlip(verdictOf(row), now.get(row.instruction) ?? { verdict: null, score: null }, defaultRule),
    );
    const counts = countFlips(kinds);
    expect([counts.negative, counts.positive]).toEqual([27, 138]);
  });
});
