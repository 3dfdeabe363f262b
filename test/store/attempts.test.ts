import { describe, expect, test } from 'vitest';
import type { Attempt, SampleResult, Verdict } from '../../src-main/shared/domain/evaluations.ts';
import { parseRule } from '../../src-main/shared/domain/flip-rules.ts';
import { addEvaluation, compare, sample, testStore } from './workspace.ts';

const verdicts: Record<string, Verdict> = { r: 'right', w: 'wrong', t: 'tie' };
const scores: Record<string, number> = { r: 1, w: 0, t: 0.5 };
/** `rrw` = answered three times, twice right and once wrong. */
function answered(id: string, answers: string): SampleResult {
  const attempts = [...answers].map((letter, i): Attempt => ({
    number: i + 1,
    output: `${letter}${i}`,
    score: scores[letter] ?? null,
    verdict: verdicts[letter] ?? null,
  }));
  return { ...sample(id, attempts[0]?.verdict ?? null), score: attempts[0]?.score ?? null, attempts };
}

async function compared(pairs: [old: string, now: string][], rule = 'verdict') {
  const store = await testStore();
  const side = (pick: 0 | 1) => pairs.map((pair, i) => answered(String(i), pair[pick]));
  const left = await addEvaluation(store, 'old', side(0));
  const right = await addEvaluation(store, 'new', side(1));
  const comparison = await compare(store, left, right, parseRule(rule));
  const { attempts, sampleKeys } = await store.flipVectors(comparison.id, {});
  const details = await Promise.all([...sampleKeys].map((key) => store.sampleDetail(comparison.id, key)));
  const counts = (name: 'left' | 'right') =>
    [...(attempts?.[name].attempts ?? [])].map((count, i) => `${attempts?.[name].right[i]}/${count}`);
  return {
    counts: attempts === null ? null : [counts('left'), counts('right')],
    kinds: details.map((detail) => detail?.kind),
    stability: details.map((detail) => detail?.stability),
    details,
    store,
    comparison,
  };
}

describe('samples that were answered several times', () => {
  const pairs: [string, string][] = [
    ['rrrr', 'wwww'],
    ['rrrw', 'wwwr'],
    ['rrrrr', 'rrrrr'],
    ['rrtw', 'wwww'],
    ['rw', 'rr'],
  ];

  test('count by their answers with a verdict, and are solid or flaky by them', async () => {
    const { counts, kinds, stability, details } = await compared(pairs);
    expect(counts).toEqual([
      ['4/4', '3/4', '5/5', '2/3', '1/2'],
      ['0/4', '1/4', '5/5', '0/4', '2/2'],
    ]);
    expect(kinds).toEqual(['negative', 'negative', 'kept-right', 'negative', 'tied']);
    expect(stability).toEqual(['solid', 'flaky', 'solid', 'flaky', 'flaky']);
    expect(details[1]?.left).toMatchObject({ solved: { attempts: 4, right: 3 } });
    expect(details[1]?.left?.attempts?.map(({ output }) => output)).toEqual(['r0', 'r1', 'r2', 'w3']);
  });

  test.each<[string, string[], string[]]>([
    ['verdict:ties-right', ['4/4', '3/4', '5/5', '3/4', '1/2'], ['0/4', '1/4', '5/5', '0/4', '2/2']],
    ['verdict:ties-wrong', ['4/4', '3/4', '5/5', '2/4', '1/2'], ['0/4', '1/4', '5/5', '0/4', '2/2']],
    ['threshold:0.5', ['4/4', '3/4', '5/5', '3/4', '1/2'], ['0/4', '1/4', '5/5', '0/4', '2/2']],
    ['threshold:0.25:lower', ['0/4', '1/4', '0/5', '1/4', '1/2'], ['4/4', '3/4', '0/5', '4/4', '0/2']],
  ])('count as the rule %s says', async (rule, left, right) => {
    expect((await compared(pairs, rule)).counts).toEqual([left, right]);
  });

  test('have no success probability under the margin rule, and are solid where all pairings of answers agree', async () => {
    const { counts, kinds, stability } = await compared(pairs, 'margin:0.25');
    expect(counts).toBeNull();
    expect(kinds).toEqual(['negative', 'negative', 'unchanged', 'negative', 'positive']);
    expect(stability).toEqual(['solid', 'flaky', 'solid', 'flaky', 'flaky']);
  });

  test('stand next to samples that were answered once', async () => {
    const { counts, stability } = await compared([
      ['rrrr', 'r'],
      ['r', 'w'],
      ['rrr', 'w'],
    ]);
    expect(counts).toEqual([
      ['4/4', '1/1', '3/3'],
      ['1/1', '0/1', '0/1'],
    ]);
    expect(stability).toEqual(['solid', null, 'solid']);
  });

  test('are none where each was answered once', async () => {
    const { counts, stability } = await compared([
      ['r', 'w'],
      ['w', 'w'],
    ]);
    expect([counts, stability]).toEqual([null, [null, null]]);
  });
});

test('a multiple choice tells its options and how sure each side was', async () => {
  const store = await testStore();
  const choice = (id: string, verdict: Verdict, metrics: Record<string, number>) => ({
    ...sample(id, verdict),
    metrics,
  });
  const left = await addEvaluation(store, 'old', [
    choice('0', 'right', { options: 4, confidence: 0.75 }),
    choice('1', 'wrong', { options: 4, confidence: 0.5, acc: 1 }),
    choice('2', 'wrong', { other: 1 }),
  ]);
  const right = await addEvaluation(store, 'new', [
    choice('0', 'wrong', { options: 4 }),
    choice('1', 'right', {}),
    choice('2', 'right', {}),
  ]);
  const { id } = await compare(store, left, right);
  expect(await store.choiceVectors(id, {})).toEqual({
    options: Float64Array.of(4, 4, NaN),
    left: { confidence: Float64Array.of(0.75, 0.5, NaN), isRight: Float64Array.of(1, 1, 0) },
    right: null,
  });
});
