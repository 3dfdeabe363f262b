import { existsSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadModel } from '../../../src-main/engine/checkpoint/load-model.ts';
import { generate, type Generation } from '../../../src-main/engine/decode/generate.ts';
import type { CausalLm } from '../../../src-main/engine/models/causal-lm.ts';
import { createDecoder } from '../../../src-main/engine/models/decoder.ts';
import { loadTokenizer, type Tokenizer } from '../../../src-main/engine/tokenizer/tokenizer.ts';
import { nativeOps } from '../../../src-main/backends/index.ts';
import { openFolder } from '../../../src-main/trainer/node-folders.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import {
  furtherFamilies,
  goldenFamilies,
  loadGoldenModel,
  readAlone,
  sharedFolder,
} from '../../helpers/golden-models.ts';

/** Enough of a tokenizer for ids: token n reads “tn ”. */
const plain = { decode: (ids: readonly number[]) => ids.map((id) => `t${id} `).join('') } as Tokenizer;
/** Up to 16 positions with the longest prompt: LongRoPE's factors in the tiny Phi-4-mini change beyond. */
const greedy = { temperature: 0, maxNewTokens: 9, seed: 0 };
const prompts = [[1, 5, 9], [1], [1, 30, 31, 32, 33, 34, 35], [1, 7]];

beforeAll(async () => {
  await openTestBackend();
});

/** Log-probs over the vocabulary at every position, without a cache. */
function logProbsOf(model: CausalLm, ids: readonly number[]): number[][] {
  return tf.tidy(() => {
    const hidden = model.hiddenStates(tf.tensor2d([...ids], [1, ids.length], 'int32'), [ids.length]);
    return tf.logSoftmax(model.logits(tf.reshape(hidden, [ids.length, model.config.dim]))).arraySync() as number[][];
  });
}

describe.each(goldenFamilies)('%s', (family) => {
  let model: CausalLm;
  beforeAll(async () => {
    model = await loadGoldenModel(family);
  });
  afterAll(() => model.dispose());

  it('decodes greedily as the pass without a cache does, with its log-probs', async () => {
    const before = tf.memory().numTensors;
    const found = await generate(model, plain, prompts, greedy);
    expect(tf.memory().numTensors).toBe(before);
    found.forEach(({ ids, logProbs }, i) => {
      const all = [...prompts[i]!, ...ids];
      const scored = logProbsOf(model, all);
      const start = prompts[i]!.length;
      const best = ids.map((_, j) => scored[start + j - 1]!.indexOf(Math.max(...scored[start + j - 1]!)));
      expect(ids).toEqual(best);
      logProbs.forEach((logProb, j) => expect(logProb).toBeCloseTo(scored[start + j - 1]![ids[j]!]!, 4));
    });
  });
});

describe.each([...goldenFamilies, ...furtherFamilies])('%s by compiled steps', (family) => {
  it('writes the tokens of uncompiled ones, with their log-probs, whichever rows end when', async (ctx) => {
    const { compile } = nativeOps();
    if (compile === undefined) return ctx.skip('this backend compiles nothing');
    const model = await loadGoldenModel(family);
    const outcomes = new Set<string>();
    const noted: typeof compile = (...args) => {
      const made = compile(...args);
      outcomes.add('refused' in made ? made.refused : 'compiled');
      return made;
    };
    const { fused, ...others } = nativeOps();
    const waysOfOps = [others, { ...others, fused }].map((own) => ({ ...own, compile: noted }));
    // More rows than one, of several lengths; some reach an end or the model's last position before the others.
    const rows = [...prompts, [1, 2, 3, 4, 5], [1, 40]];
    for (const sampled of [{ temperature: 0 }, { temperature: 0.9 }, { temperature: 0.9, topP: 0.9 }]) {
      const settings = { ...sampled, maxNewTokens: 40, seed: 5 };
      const plainly = await generate(model, plain, rows, settings);
      const tensors = tf.memory().numTensors;
      for (const ops of waysOfOps) {
        const found = await generate(model, plain, rows, settings, { ops, compileFrom: 1 });
        expect(tf.memory().numTensors).toBe(tensors);
        expect(found.map(({ ids, stopped }) => [ids, stopped])).toEqual(
          plainly.map(({ ids, stopped }) => [ids, stopped]),
        );
        found.forEach(({ logProbs }, row) =>
          logProbs.forEach((logProb, i) => expect(logProb).toBeCloseTo(plainly[row]!.logProbs[i]!, 4)),
        );
      }
    }
    // Where frequencies follow the length of a sequence, nothing is compiled.
    expect([...outcomes]).toEqual(model.sharesPrompts ? ['compiled'] : []);
    model.dispose();
  });
});

it.each([...goldenFamilies, ...furtherFamilies])(
  '%s continues greedily as transformers does, past its window and its first context',
  async (family) => {
    const model = await loadGoldenModel(family);
    const { prompt, continued } = readAlone(family).greedy;
    // A row padded on its left, and one that ends elsewhere, change nothing.
    const prompts = [prompt, [...prompt, 5, 17, 40]];
    const endless = createDecoder({ ...model.config, eosTokenIds: [] }, model.parameters, {
      borrowed: new Set(model.parameters.keys()),
    });
    const [found] = await generate(endless, plain, prompts, { ...greedy, maxNewTokens: continued.length });
    endless.dispose();
    model.dispose();
    expect(found!.ids).toEqual(continued);
  },
);

describe('sampling', () => {
  let model: CausalLm;
  beforeAll(async () => {
    model = await loadGoldenModel('llama');
  });
  afterAll(() => model.dispose());
  const settings = { temperature: 0.8, maxNewTokens: 10, seed: 11 };
  const idsOf = (generations: Generation[]) => generations.map(({ ids }) => ids);

  it('repeats for a seed, whatever the batches, and differs for another', async () => {
    const one = await generate(model, plain, prompts, settings);
    const other = await generate(model, plain, prompts, settings, { batchSize: 2 });
    expect(idsOf(other)).toEqual(idsOf(one));
    expect(idsOf(await generate(model, plain, prompts, { ...settings, seed: 12 }))).not.toEqual(idsOf(one));
  });

  it.each([{}, { topP: 0.9 }, { topK: 5 }])('with %j reports log-probs of the model itself', async (cut) => {
    for (const [i, { ids, logProbs }] of (await generate(model, plain, prompts, { ...settings, ...cut })).entries()) {
      const scored = logProbsOf(model, [...prompts[i]!, ...ids]);
      const wanted = ids.map((id, j) => scored[prompts[i]!.length + j - 1]![id]!);
      logProbs.forEach((logProb, j) => expect(logProb).toBeCloseTo(wanted[j]!, 3));
    }
  });

  it('draws as the distribution says', async () => {
    const many = await generate(
      model,
      plain,
      new Array<number[]>(4000).fill([1, 5]),
      { ...settings, temperature: 1, maxNewTokens: 1 },
      { batchSize: 1000 },
    );
    const counts = new Array<number>(model.config.vocabSize).fill(0);
    for (const { ids } of many) counts[ids[0]!]! += 1 / many.length;
    const wanted = logProbsOf(model, [1, 5]).at(-1)!.map(Math.exp);
    // Five standard errors of a share of one half bound every one of them.
    counts.forEach((share, token) =>
      expect(Math.abs(share - wanted[token]!)).toBeLessThan(5 * Math.sqrt(0.25 / many.length)),
    );
  });
});

describe('a row ends', () => {
  let model: CausalLm;
  beforeAll(async () => {
    model = await loadGoldenModel('llama');
  });
  afterAll(() => model.dispose());
  const first = async (settings = greedy, over: Partial<CausalLm['config']> = {}) => {
    const config = { ...model.config, ...over };
    const changed = Object.assign(Object.create(model) as CausalLm, {
      config,
      logits: model.logits.bind(model),
      step: model.step.bind(model),
      newCache: model.newCache.bind(model),
    });
    return generate(changed, plain, prompts, settings);
  };

  it('at an end-of-text token, which it keeps, while the others go on', async () => {
    const free = await first(greedy, { eosTokenIds: [] });
    const end = free[0]!.ids[3]!;
    const found = await first(greedy, { eosTokenIds: [end] });
    found.forEach((generation, i) => {
      const place = free[i]!.ids.indexOf(end);
      expect(generation.ids).toEqual(place < 0 ? free[i]!.ids : free[i]!.ids.slice(0, place + 1));
      expect(generation.stopped).toBe(place < 0 ? 'length' : 'end');
      expect(generation.logProbs).toHaveLength(generation.ids.length);
    });
  });

  it('at a stop string, which its text leaves out', async () => {
    const free = await first();
    const stop = `t${free[0]!.ids[4]!} `;
    const found = await first({ ...greedy, stop: [stop, ''] } as typeof greedy);
    expect(found[0]!.stopped).toBe('stop');
    expect(found[0]!.text).toBe(free[0]!.text.slice(0, free[0]!.text.indexOf(stop)));
    expect(found[0]!.ids.at(-1)).toBe(free[0]!.ids[4]);
  });

  it('where the model has no more positions', async () => {
    const found = await first(greedy, { maxPositions: 9 });
    expect(found.map(({ ids }) => ids.length)).toEqual([6, 8, 2, 7]);
    expect(found.every(({ stopped }) => stopped === 'length')).toBe(true);
  });

  it('when it is cancelled', async () => {
    await expect(generate(model, plain, prompts, greedy, { signal: { aborted: true } })).rejects.toMatchObject({
      code: 'cancelled',
    });
  });

  it('before it starts when the prompt is empty or too long', async () => {
    await expect(generate(model, plain, [[1], []], greedy)).rejects.toThrow(/prompt 2 has no tokens/);
    await expect(generate(model, plain, [new Array<number>(64).fill(3)], greedy)).rejects.toThrow(
      /has 64 tokens, and the model has room for 64/,
    );
  });

  it('and progress is told after every batch', async () => {
    const told: number[][] = [];
    await generate(model, plain, prompts, greedy, {
      batchSize: 3,
      onProgress: (done, total) => told.push([done, total]),
    });
    expect(told).toEqual([
      [3, 4],
      [4, 4],
    ]);
  });
});

const stories = sharedFolder('models', 'stories-260k');
describe.skipIf(!existsSync(stories))('stories260K (skipped where ../shared/models is not there)', () => {
  it('begins its story from BOS as published', async () => {
    const model = await loadModel(openFolder(stories));
    const tokenizer = await loadTokenizer(openFolder(stories));
    const [story] = await generate(model, tokenizer, [[tokenizer.bosTokenId!]], { ...greedy, maxNewTokens: 60 });
    model.dispose();
    expect(story!.text.startsWith('Once upon a time, there was a little girl named Lily.')).toBe(true);
  });
});
