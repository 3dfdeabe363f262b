import { expect, test } from 'vitest';
import { findStatements } from '../../../src-main/shared/domain/kinds/set-statements.ts';
import type { StatedSample } from '../../../src-main/shared/domain/kinds/set-statements.ts';
import { inputTest, parseStatement, statementText } from '../../../src-main/shared/domain/kinds/statements.ts';
import { statementHead, statementSentence } from '../../../src-main/shared/presentation/statements.ts';

function sample(inSet: boolean, rest: Partial<StatedSample> = {}): StatedSample {
  return {
    inSet,
    outcome: inSet ? 'negative' : 'kept-right',
    changes: [],
    prompt: 'Tell me something.',
    target: null,
    tags: [],
    slices: [],
    ...rest,
  };
}
const times = (count: number, make: (index: number) => StatedSample) =>
  Array.from({ length: count }, (_, i) => make(i));

test('what stands out is counted in the set and in the rest, with lift, interval and adjusted p', () => {
  const samples = [
    ...times(20, (i) =>
      sample(true, {
        prompt: i < 16 ? 'Name a river bank.' : 'Tell me something.',
        changes: i < 12 ? ['refusal'] : [],
      }),
    ),
    ...times(180, (i) =>
      sample(false, {
        prompt: i < 9 ? 'Name a river bank.' : 'Tell me something.',
        changes: i < 6 ? ['refusal'] : [],
      }),
    ),
  ];
  const { tried, best } = findStatements(samples, { kinds: ['negative'] });
  // “river” and “river bank” select the same samples and are told once. By hand: (16/20)/(9/180) = 16, (12/20)/(6/180) = 18.
  expect(best.map(({ hits, of, restHits, restOf, lift }) => [hits, of, restHits, restOf, lift.value])).toEqual([
    [16, 20, 9, 180, expect.closeTo(16)],
    [12, 20, 6, 180, expect.closeTo(18)],
  ]);
  expect(best.map(({ statement }) => statement)).toEqual([
    expect.stringMatching(/^prompt:(name|a|river|bank|name a|a river|river bank)$/),
    'change:refusal',
  ]);
  expect(tried).toBeGreaterThan(best.length);
  // scipy 1.16: fisher_exact([[12, 8], [6, 174]], 'greater') = 3.00175e-10; kinds are one family of two, with nothing else in it.
  expect(best[1]?.pHolm).toBeCloseTo(2 * 3.0017487530246165e-10, 15);
  expect(statementHead(best[1] ?? never())).toBe('12 of 20 refuse');
  expect(statementSentence(best[1] ?? never())).toMatch(
    /^12 of 20 refuse: 18 times as often as the other 180, 3\.3 % of them \(95 % interval \S+ to \S+\), p = \S+ × 10⁻\S+ \(Holm\)\.$/,
  );
  const again = findStatements(samples, {
    changes: ['refusal'],
    where: best.slice(0, 1).map(({ statement }) => statement),
  });
  expect(again.best.map(({ statement }) => statement)).not.toContain('change:refusal');
  expect(again.best.map(({ statement }) => statement)).not.toContain(best[0]?.statement);
});

test('a kind of the verdict is held against samples of the same outcome alone', () => {
  const flips = [
    ...times(20, (i) => sample(true, { slices: ['maths'], changes: i < 15 ? ['same-text'] : [] })),
    ...times(40, (i) => sample(false, { outcome: 'negative', changes: i < 2 ? ['same-text'] : [] })),
    ...times(40, () => sample(false)),
  ];
  const { best } = findStatements(flips, { kinds: ['negative'], slices: ['maths'] });
  expect(best).toEqual([
    expect.objectContaining({ statement: 'change:same-text', hits: 15, of: 20, restHits: 2, restOf: 40 }),
  ]);
  // Of all negative flips, no other sample could have it.
  const all = flips.map((one) => ({ ...one, inSet: one.outcome === 'negative' }));
  expect(findStatements(all, { kinds: ['negative'] }).best.map(({ statement }) => statement)).not.toContain(
    'change:same-text',
  );
});

test('a set drawn blindly is said to have words in common in at most one of twenty', () => {
  let state = 1;
  const random = () => ((state = Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const words = Array.from({ length: 60 }, (_, i) => `w${i}`);
  const sets = 60;
  let alarms = 0;
  for (let set = 0; set < sets; set++) {
    const samples = times(150, () =>
      sample(random() < 0.3, {
        prompt: words.filter(() => random() < 0.2).join(' '),
        tags: random() < 0.3 ? ['a'] : ['b'],
      }),
    );
    if (findStatements(samples, {}).best.some(({ pHolm }) => pHolm < 0.05)) alarms += 1;
  }
  // Binomial(60, 0.05) is above 8 in one of three hundred.
  expect(alarms).toBeLessThanOrEqual(8);
});

test('statements are written and read again, and hold for the samples they name', () => {
  for (const text of [
    'change:refusal:gone',
    'slice:a: b',
    'tag:x',
    'prompt:not happy',
    'prompt-length:10..20',
    'target-length:3..',
    'judged:The answer apologises: twice.',
    'prompt-length:0..7',
  ]) {
    expect(statementText(parseStatement(text) ?? never())).toBe(text);
  }
  expect(
    ['', 'river', 'prompt:', 'prompt:!!', 'prompt-length:..', 'prompt-length:a..b', 'judge:x'].map(parseStatement),
  ).toEqual(Array(7).fill(null));
  const holds = (text: string, prompt: string, target: string | null = null) => {
    const statement = parseStatement(text);
    if (statement?.is !== 'prompt' && statement?.is !== 'prompt-length' && statement?.is !== 'target-length')
      throw new Error(text);
    return inputTest(statement)({ prompt, target });
  };
  expect([
    holds('prompt:Not Happy', 'I am not  HAPPY!'),
    holds('prompt:not happy', 'not so happy'),
    holds('prompt:happy', 'unhappy'),
    holds('prompt-length:5..8', '1234567'),
    holds('prompt-length:5..8', '12345678'),
    holds('target-length:0..3', 'x', null),
    holds('target-length:0..3', 'x', '42'),
  ]).toEqual([true, false, false, true, false, false, true]);
});

function never(): never {
  throw new Error('nothing was found');
}
