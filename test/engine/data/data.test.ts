import { describe, expect, test } from 'vitest';
import { DataOrder, stepsForEpochs, type DataOrderOptions } from '../../../src-main/engine/data/order.ts';
import { planPasses } from '../../../src-main/engine/data/score-sequences.ts';
import {
  tokeniseCompletions,
  tokenisePreferences,
  tokenisePrompts,
  tokeniseRewardPairs,
  type RowTokenizer,
} from '../../../src-main/engine/data/tokenise.ts';
import { createRandom, permutation, randomFromState } from '../../../src-main/engine/random.ts';
import type { CompletionRow, PreferenceRow } from '../../../src-main/shared/domain/datasets.ts';

const bos = 1;
const eos = 2;
/** One id a character, `$` for EOS; chats are `<role>content` with `>` as the generation prompt. */
const tokenizer: RowTokenizer = {
  eosTokenId: eos,
  encode: (text) => [bos, ...[...text].map((letter) => (letter === '$' ? eos : letter.charCodeAt(0)))],
  encodeChat: (messages, options) => {
    const turns = messages.map(({ role, content }) => `<${role[0] ?? ''}${content}`).join('');
    return [...(turns + (options?.addGenerationPrompt === true ? '<a' : ''))].map((letter) => letter.charCodeAt(0));
  },
  decode: (ids) => ids.map((id) => (id === eos ? '$' : String.fromCharCode(id))).join(''),
};
const ids = (text: string) => [...text].map((letter) => (letter === '$' ? eos : letter.charCodeAt(0)));
const pair = (changes: Partial<PreferenceRow> = {}): PreferenceRow => ({
  kind: 'preference',
  id: 'a',
  prompt: 'Hi',
  chosen: ' you',
  rejected: ' no',
  ...changes,
});

describe('pairs, as TRL’s DPOTrainer prepares them', () => {
  test('BOS once, EOS behind plain text, the response after the prompt’s tokens', () => {
    const { samples } = tokenisePreferences([pair()], tokenizer, 100);
    expect([...(samples[0]?.chosen.ids ?? [])]).toEqual([bos, ...ids('Hi you$')]);
    expect(samples[0]?.chosen.from).toBe(3);
    expect([...(samples[0]?.rejected.ids ?? [])]).toEqual([bos, ...ids('Hi no$')]);
  });

  test('an EOS that is there is not doubled', () => {
    const { samples } = tokenisePreferences([pair({ chosen: ' you$' })], tokenizer, 100);
    expect([...(samples[0]?.chosen.ids ?? [])]).toEqual([bos, ...ids('Hi you$')]);
  });

  test('a long sequence keeps its start; a prompt that fills it drops the row', () => {
    const rows = [pair(), pair({ id: 'long', prompt: 'Hello there' })];
    const { samples, dropped } = tokenisePreferences(rows, tokenizer, 5);
    expect(dropped).toEqual(['long']);
    expect([...(samples[0]?.chosen.ids ?? [])]).toEqual([bos, ...ids('Hi y')]);
  });

  test('chats go through the template, without an EOS of ours', () => {
    const chat = pair({
      prompt: [{ role: 'user', content: 'Hi' }],
      chosen: [{ role: 'assistant', content: 'you' }],
      rejected: 'no',
    });
    const { samples } = tokenisePreferences([chat], tokenizer, 100);
    expect(tokenizer.decode([...(samples[0]?.chosen.ids ?? [])])).toBe('<uHi<ayou');
    expect(tokenizer.decode([...(samples[0]?.rejected.ids ?? [])])).toBe('<uHi<ano');
    expect(samples[0]?.chosen.from).toBe('<uHi<a'.length);
  });

  test('a guard-set row brings its own target', () => {
    const { samples } = tokenisePreferences([pair({ guardTarget: ' me' })], tokenizer, 100);
    expect(tokenizer.decode([...(samples[0]?.guardTarget?.ids ?? [])].slice(1))).toBe('Hi me$');
  });

  test('reward modelling drops what is too long and cuts nothing', () => {
    const { samples, dropped } = tokeniseRewardPairs([pair(), pair({ id: 'b', chosen: ' you there' })], tokenizer, 8);
    expect(samples.map(({ id }) => id)).toEqual(['a']);
    expect(dropped).toEqual(['b']);
  });
});

describe('completions and prompts', () => {
  const row: CompletionRow = { kind: 'completion', id: 'c', prompt: 'Hi', completion: ' you' };

  test('completion only, or every token; an empty prompt learns every token', () => {
    const from = (completionOnly: boolean, changes: Partial<CompletionRow> = {}) =>
      tokeniseCompletions([{ ...row, ...changes }], tokenizer, { maxLength: 100, completionOnly }).samples[0]?.sequence;
    expect(from(true)?.from).toBe(3);
    expect(from(false)?.from).toBe(0);
    expect(from(true, { prompt: '' })?.from).toBe(0);
  });

  test('a row that truncation leaves without a token to learn is dropped', () => {
    expect(tokeniseCompletions([row], tokenizer, { maxLength: 3, completionOnly: true }).dropped).toEqual(['c']);
  });

  test('prompts keep room for one token at least', () => {
    expect(tokenisePrompts([{ kind: 'prompt', id: 'p', prompt: 'Hi' }], tokenizer, 3).dropped).toEqual(['p']);
    expect(tokenisePrompts([{ kind: 'prompt', id: 'p', prompt: 'Hi' }], tokenizer, 4).samples).toHaveLength(1);
  });
});

describe('data order', () => {
  const options = (changes: Partial<DataOrderOptions> = {}): DataOrderOptions => ({
    lengths: Array.from({ length: 10 }, (_, i) => 10 + ((i * 7) % 10)),
    stepSize: 4,
    shuffle: true,
    groupByLength: false,
    ...changes,
  });
  const take = (order: DataOrder, steps: number) => Array.from({ length: steps }, () => order.next());

  test('every epoch uses every sample once, in an order of its own', () => {
    const steps = take(new DataOrder(options(), createRandom(3, 'shuffle')), 6);
    expect(steps.map((step) => step.length)).toEqual([4, 4, 2, 4, 4, 2]);
    const epochs = [steps.slice(0, 3).flat(), steps.slice(3).flat()];
    for (const epoch of epochs) expect([...epoch].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(epochs[0]).not.toEqual(epochs[1]);
  });

  test('without shuffling it is the file’s order', () => {
    const order = new DataOrder(options({ shuffle: false }), createRandom(3));
    expect(take(order, 2).flat()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test('one seed, one order; a saved position goes on with the same batches', () => {
    const whole = take(new DataOrder(options(), createRandom(3)), 8);
    const first = new DataOrder(options(), createRandom(3));
    const before = take(first, 4);
    const position = JSON.parse(JSON.stringify(first.position)) as typeof first.position;
    const resumed = new DataOrder(options(), createRandom(99), position);
    expect([...before, ...take(resumed, 4)]).toEqual(whole);
  });

  test('grouping puts like lengths together and keeps every sample', () => {
    const lengths = Array.from({ length: 64 }, (_, i) => (i * 37) % 101);
    const grouped = take(new DataOrder(options({ lengths, groupByLength: true }), createRandom(1)), 16);
    const spread = (step: number[]) =>
      Math.max(...step.map((i) => lengths[i] ?? 0)) - Math.min(...step.map((i) => lengths[i] ?? 0));
    expect(Math.max(...grouped.map(spread))).toBeLessThan(20);
    expect(new Set(grouped.flat()).size).toBe(64);
  });

  test('steps of an epoch count the last, smaller one', () => {
    expect(stepsForEpochs(10, 4, 1)).toBe(3);
    expect(stepsForEpochs(10, 4, 2)).toBe(6);
    expect(stepsForEpochs(10, 4, 0.5)).toBe(2);
  });
});

describe('randomness', () => {
  test('purposes have streams of their own; a state goes on exactly', () => {
    const stream = createRandom(5, 'a');
    expect(createRandom(5, 'b').next()).not.toBe(createRandom(5, 'a').next());
    stream.next();
    const copy = randomFromState(stream.state());
    expect([copy.next(), copy.next()]).toEqual([stream.next(), stream.next()]);
  });

  test('is uniform and permutes', () => {
    const stream = createRandom(1);
    const mean = Array.from({ length: 10_000 }, () => stream.next()).reduce((sum, x) => sum + x, 0) / 10_000;
    expect(mean).toBeCloseTo(0.5, 1);
    expect(permutation(stream, 100).sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });
});

test('passes hold every sequence once and stay within their limits', () => {
  const sequences = Array.from({ length: 30 }, (_, i) => ({ ids: new Int32Array(5 + ((i * 11) % 40)), from: 3 }));
  const passes = planPasses(sequences, 100, { tokens: 120, logits: 8000 });
  expect(passes.flat().sort((a, b) => a - b)).toEqual(sequences.map((_, i) => i));
  for (const pass of passes.filter(({ length }) => length > 1)) {
    const lengths = pass.map((i) => sequences[i]?.ids.length ?? 0);
    expect(Math.max(...lengths) * pass.length).toBeLessThanOrEqual(120);
    expect(lengths.reduce((sum, length) => sum + (length - 3) * 100, 0)).toBeLessThanOrEqual(8000);
  }
});
