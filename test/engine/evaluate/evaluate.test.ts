import { beforeAll, describe, expect, test } from 'vitest';
import type { EvaluationContext } from '../../../src-main/engine/evaluate/context.ts';
import { judgeAnswer } from '../../../src-main/engine/evaluate/judge.ts';
import { lexiconScore } from '../../../src-main/engine/evaluate/lexicon.ts';
import { choiceResult, pairResult } from '../../../src-main/engine/evaluate/results.ts';
import { prepareSuite, runSuite } from '../../../src-main/engine/evaluate/run-suite.ts';
import { lastNumber, matchTarget, scoreAnswers } from '../../../src-main/engine/evaluate/scorers.ts';
import { findWords } from '../../../src-main/engine/evaluate/words.ts';
import { loadModel } from '../../../src-main/engine/checkpoint/load-model.ts';
import { loadTokenizer, type Tokenizer } from '../../../src-main/engine/tokenizer/tokenizer.ts';
import type { CausalLm } from '../../../src-main/engine/models/causal-lm.ts';
import { afinn } from '../../../src-main/trainer/afinn.ts';
import { openFolder } from '../../../src-main/trainer/node-folders.ts';
import type { SampleResult, SuiteItem, SuiteSpec } from '../../../src-main/shared/domain/evaluations.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import { goldenPresent, stories260k } from '../../helpers/trl-golden.ts';

const score = (sum: number, greedy: number[] = []) => ({
  sum,
  logProbs: Float32Array.of(sum),
  greedy: Int32Array.from(greedy),
});

describe('results from scores', () => {
  const pair = { kind: 'pairs' as const, id: 'p', prompt: 'x', chosen: 'good', rejected: 'bad' };

  test('pairs: implicit-reward margin, and a tie within rounding', () => {
    const prepared = { item: pair, sequences: [] };
    const result = pairResult(prepared, [score(-10), score(-12)], { beta: 0.1, chosen: -11, rejected: -11 }, 1e-5);
    expect(result).toMatchObject({ verdict: 'right', target: 'good', output: 'bad' });
    expect(result.score).toBeCloseTo(0.1 * (1 - -1), 10);
    expect(pairResult(prepared, [score(-10), score(-12)], null, 1e-5).score).toBe(2);
    const unchanged = { beta: 0.1, chosen: -10.00001, rejected: -12 };
    expect(pairResult(prepared, [score(-10), score(-12)], unchanged, 1e-5).verdict).toBe('tie');
  });

  test('choice: acc by sum, acc_norm by characters', () => {
    const item = { kind: 'choice' as const, id: 'c', prompt: 'x', options: ['a', 'a longer one'], answer: 1 };
    const result = choiceResult({ item, sequences: [] }, [score(-2), score(-6)]);
    expect(result).toMatchObject({ verdict: 'wrong', output: 'a', target: 'a longer one', score: -4 });
    expect(result.metrics).toMatchObject({ acc: 0, acc_norm: 1 });
  });
});

describe('scorers', () => {
  test.each([
    ['exact', ' 42 ', '42', 'right'],
    ['exact', 'answer 42', '42', 'wrong'],
    ['contains', 'The Answer', 'answer', 'right'],
    ['regex', 'abc123', '^[a-c]+\\d+$', 'right'],
    ['numeric', 'so it is 1,234.50', 'the result: 1234.5', 'right'],
    ['numeric', 'no number', '3', 'wrong'],
  ] as const)('%s: %s against %s', (kind, output, target, verdict) => {
    expect(matchTarget(kind, { prompt: '', output, target }).verdict).toBe(verdict);
  });

  test('without a target there is no verdict', () => {
    expect(matchTarget('exact', { prompt: '', output: 'x' })).toEqual({ score: null, verdict: null });
  });

  test('numbers', () => {
    expect(lastNumber('-3 and 4e2')).toBe(400);
    expect(lastNumber('none')).toBeNull();
  });

  test('the AFINN lexicon sums its words', () => {
    expect(lexiconScore('Happy, happy cat! She CRIED.', afinn())).toBe(3 + 3 - 2);
    expect(lexiconScore('', afinn())).toBe(0);
  });

  test('lexicon and reward model judge by a threshold', async () => {
    const tools = {
      lexicon: afinn(),
      rewardModel: () => Promise.resolve([-1]),
      postJson: () => Promise.reject(new Error()),
    };
    const answers = [{ prompt: '', output: 'a happy day' }];
    expect(await scoreAnswers({ kind: 'lexicon', lexicon: 'afinn' }, answers, tools)).toEqual([
      { score: 3, verdict: 'right' },
    ]);
    expect(await scoreAnswers({ kind: 'reward-model', model: 'm' }, answers, tools)).toEqual([
      { score: -1, verdict: 'wrong' },
    ]);
  });

  test('a judge is asked once, greedily; a reply that is no judgement stays missing', async () => {
    const asked: unknown[] = [];
    const answering = (content: string) => (url: string, body: unknown) => {
      asked.push({ url, body });
      return Promise.resolve({ choices: [{ message: { content } }] });
    };
    const scorer = { kind: 'judge' as const, endpoint: 'http://judge.test/v1/', model: 'j', rubric: 'Be right.' };
    const answer = { prompt: '1+1?', target: '2', output: '2' };
    const verdict = await judgeAnswer(scorer, answer, answering('Sure: {"score": 9, "verdict": "right"}'));
    expect(verdict).toEqual({ score: 9, verdict: 'right' });
    expect(asked).toMatchObject([
      { url: 'http://judge.test/v1/chat/completions', body: { temperature: 0, model: 'j' } },
    ]);
    expect(await judgeAnswer(scorer, answer, answering('I refuse.'))).toEqual({ score: null, verdict: null });
    await expect(judgeAnswer(scorer, answer, () => Promise.resolve({}))).rejects.toMatchObject({ code: 'unavailable' });
  });
});

if (!goldenPresent) console.warn('skipped: ../shared/models/stories-260k is not there');

describe.skipIf(!goldenPresent)('suites on stories-260k', () => {
  let model: CausalLm;
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    await openTestBackend();
    tokenizer = await loadTokenizer(openFolder(stories260k));
    model = await loadModel(openFolder(stories260k), { trainable: false });
  });

  async function run(items: SuiteItem[], spec: Partial<SuiteSpec> = {}, changes: Partial<EvaluationContext> = {}) {
    const kind = items[0]?.kind ?? 'words';
    const suite = prepareSuite({ id: 's', name: 's', kind, ...spec }, items, tokenizer, model.config.maxPositions);
    const context: EvaluationContext = {
      model,
      tokenizer,
      ops: {},
      beta: 0.1,
      reference: null,
      old: null,
      scoring: { lexicon: afinn(), rewardModel: null, postJson: () => Promise.reject(new Error('no judge')) },
      cancelled: () => false,
      breathe: () => Promise.resolve(),
      ...changes,
    };
    const results: SampleResult[] = [];
    const types: string[] = [];
    for await (const event of runSuite(suite, 3, context)) {
      types.push(event.type);
      if (event.type === 'evaluation-batch') results.push(...event.results);
    }
    return { results, types };
  }

  const text =
    'Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big purple elephant and wanted to play with it.';

  test('words: found by position in tokens and letters, right when every token is the likeliest', async () => {
    const { results, types } = await run([{ kind: 'words', id: 'w', text, slices: ['x'] }], { fromPosition: 10 });
    expect(types).toEqual(['evaluation-started', 'evaluation-batch', 'evaluation-done']);
    const [first] = results;
    expect(first).toMatchObject({ cluster: 'w', slices: ['x'] });
    for (const { target, sampleId, prompt, verdict, output } of results) {
      const at = Number(sampleId.split('@')[1]);
      expect(text.slice(at, at + (target?.length ?? 0))).toBe(target);
      expect(text.slice(0, at).endsWith(prompt)).toBe(true);
      if (verdict === 'right') expect(output?.startsWith(target ?? '?')).toBe(true);
    }
    expect(results.some(({ verdict }) => verdict === 'right')).toBe(true);
    expect(results.some(({ verdict }) => verdict === 'wrong')).toBe(true);
    expect(
      (await run([{ kind: 'words', id: 'w', text }], { fromPosition: 10 })).results.map(({ score }) => score),
    ).toEqual(results.map(({ score }) => score));
  });

  test('a word owns the tokens that share a letter with it, and none before the position counts', () => {
    const ids = tokenizer.encode(text);
    const words = findWords(tokenizer, ids, 0, text, { minLength: 4, fromPosition: 10 });
    for (const { word, from, to } of words) {
      expect(from).toBeGreaterThanOrEqual(10);
      const covered = ids
        .slice(from, to)
        .map((id) => tokenizer.tokenText(id))
        .join('');
      expect(covered).toContain(word);
    }
    expect(words.every(({ word }) => word.length >= 4)).toBe(true);
    expect(words.map(({ word }) => word)).toContain('elephant');
  });

  test('cloze, choice and pairs; the likelier continuation wins', async () => {
    const prompt = 'Once upon a time, there was a little';
    const cloze = await run([{ kind: 'cloze', id: 'c', prompt, target: 'girl' }]);
    expect(cloze.results[0]).toMatchObject({ verdict: 'right', output: 'girl' });
    const choice = await run([{ kind: 'choice', id: 'o', prompt, options: ['zebra', 'girl'], answer: 1 }]);
    expect(choice.results[0]).toMatchObject({ verdict: 'right', output: 'girl' });
    expect(choice.results[0]?.score).toBeGreaterThan(0);
    const pairs = await run([{ kind: 'pairs', id: 'p', prompt, chosen: ' girl named Lily', rejected: ' xylophone' }]);
    expect(pairs.results[0]?.verdict).toBe('right');
  });

  test('the score of a cloze does not depend on its suite mates', async () => {
    const items = ['girl', 'boy', 'dog who could not swim'].map((target, i): SuiteItem => ({
      kind: 'cloze',
      id: `c${i}`,
      prompt: 'There was a little',
      target,
    }));
    const together = (await run(items)).results;
    for (const item of items) {
      const [alone] = (await run([item])).results;
      expect(together.find(({ sampleId }) => sampleId === item.id)?.score).toBeCloseTo(alone?.score ?? Number.NaN, 3);
    }
  });

  test('generate with a scorer, greedily', async () => {
    const spec = { scorer: { kind: 'contains' as const }, decoding: { temperature: 0, maxNewTokens: 12, seed: 0 } };
    const { results } = await run(
      [{ kind: 'generate', id: 'g', prompt: 'Once upon a time, there was a little', target: 'girl' }],
      spec,
    );
    expect(results[0]).toMatchObject({ verdict: 'right', score: 1 });
    expect(results[0]?.output).toContain('girl named Lily');
  });

  test('a cancelled suite ends without evaluation-done', async () => {
    const { types } = await run([{ kind: 'words', id: 'w', text }], {}, { cancelled: () => true });
    expect(types).toEqual(['evaluation-started']);
  });
});
