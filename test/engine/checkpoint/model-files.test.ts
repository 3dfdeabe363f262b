import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadModel } from '../../../src-main/engine/checkpoint/load-model.ts';
import { checkModelFiles, loadModelConfig, tokensBeyond } from '../../../src-main/engine/checkpoint/model-files.ts';
import {
  readSafetensorsHeader,
  readTensorData,
  safetensorsBytes,
} from '../../../src-main/engine/checkpoint/safetensors.ts';
import { openFolder } from '../../../src-main/trainer/node-folders.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import { largestDifference, logitsAt, modelAsset, readRecorded } from '../../helpers/golden-models.ts';
import { MemoryFolder } from '../../helpers/memory-folder.ts';

beforeAll(async () => {
  await openTestBackend();
});

/** The files of a model, with fields of its configuration and tensors put in the place of its own. */
async function changed(
  family: string,
  config: Record<string, unknown>,
  tensors: (own: Map<string, { shape: number[]; data: Float32Array }>) => void = () => {},
): Promise<MemoryFolder> {
  const folder = openFolder(modelAsset(family));
  const own = new Map<string, { shape: number[]; data: Float32Array }>();
  for (const entry of (await readSafetensorsHeader(folder, 'model.safetensors')).entries) {
    own.set(entry.name, { shape: entry.shape, data: await readTensorData(folder, entry) });
  }
  tensors(own);
  const memory = new MemoryFolder({
    'config.json': JSON.stringify({
      ...(JSON.parse(readFileSync(modelAsset(family, 'config.json'), 'utf8')) as object),
      ...config,
    }),
    'tokenizer.json': '{}',
  });
  const named = [...own].map(([name, { shape, data }]) => ({ name, shape, data: async () => data }));
  await memory.writeBytes('model.safetensors', safetensorsBytes(named));
  return memory;
}

describe('a file with a head and an embedding that config.json calls one weight', () => {
  // transformers' own logits of the same weights, untied: what transformers 5 computes where both are there and differ.
  it('is computed with its own head where the two differ, and is said to', async () => {
    const folder = await changed('llama', { tie_word_embeddings: true });
    const recorded = readRecorded('llama', 'golden.json');
    const model = await loadModel(folder);
    const difference = largestDifference(logitsAt(model, recorded), recorded.logits);
    model.dispose();
    expect(difference).toBeLessThan(1e-4);
    const { config, notes } = await checkModelFiles(folder);
    expect(config.source['tie_word_embeddings']).toBe(false);
    expect(notes).toEqual([expect.stringMatching(/the files hold two that differ: lm_head\.weight is used/)]);
  });

  it('stays one weight where the two are the same, number by number', async () => {
    const folder = await changed('qwen2', {}, (own) => {
      const embedding = own.get('model.embed_tokens.weight')!;
      own.set('lm_head.weight', { ...embedding, data: embedding.data.slice() });
    });
    expect((await loadModelConfig(folder)).tiedHead).toBe(true);
    const once = await checkModelFiles(await changed('qwen2', {}));
    const twice = await checkModelFiles(folder);
    expect([once.notes, twice.notes]).toEqual([[], [expect.stringMatching(/lm_head\.weight too, .* counted once/)]]);
    const model = await loadModel(folder);
    const loaded = [...model.parameters.values()].reduce((sum, { size }) => sum + size, 0);
    model.dispose();
    expect([once.parameters, twice.parameters]).toEqual([loaded, loaded]);
  });

  it('is noticed by a single number, in the last row too, and in a family that ties without saying so', async () => {
    const folder = await changed('gpt2', { tie_word_embeddings: undefined }, (own) => {
      const embedding = own.get('transformer.wte.weight') ?? own.get('wte.weight')!;
      const data = embedding.data.slice();
      data[data.length - 1]! += 1;
      own.set('lm_head.weight', { ...embedding, data });
    });
    expect((await loadModelConfig(folder)).tiedHead).toBe(false);
  });
});

describe('the number of parameters', () => {
  it('counts two weights where head and embedding are not tied, and no buffer that the files hold besides', async () => {
    const untied = { tie_word_embeddings: false };
    const plain = await checkModelFiles(await changed('llama', untied));
    const equal = await checkModelFiles(
      await changed('llama', untied, (own) => own.set('lm_head.weight', own.get('model.embed_tokens.weight')!)),
    );
    const buffered = await checkModelFiles(
      await changed('llama', untied, (own) =>
        own.set('model.rotary.inv_freq', { shape: [2], data: new Float32Array(2) }),
      ),
    );
    expect([equal.parameters, buffered.parameters]).toEqual([plain.parameters, plain.parameters]);
  });
});

describe('a folder without a tokenizer.json', () => {
  it.each([
    [
      'nothing else',
      [],
      /^The folder holds no tokenizer\.json: .*neither evaluated nor trained\. Copy it from the model/,
    ],
    ['SentencePiece’s', ['tokenizer.model'], /no tokenizer\.json \(tokenizer\.model is not read\).*save_pretrained/],
    ['GPT-2’s', ['merges.txt', 'vocab.json'], /\(vocab\.json is not read\)/],
  ])('is said to be one, with what to do: %s', async (_, files, expected) => {
    const folder = await changed('llama', {});
    folder.files.delete('tokenizer.json');
    for (const file of files) await folder.writeText(file, '');
    expect((await checkModelFiles(folder)).notes).toEqual([expect.stringMatching(expected)]);
  });
});

describe('tokens beyond the embedding', () => {
  it.each([
    ['an added token', { model: { vocab: { a: 0, b: 1 } }, added_tokens: [{ id: 2, content: '<x>' }] }, ['<x> 2']],
    ['a word of the vocabulary', { model: { vocab: { a: 0, b: 1, c: 5 } }, added_tokens: [] }, ['c 5']],
    [
      'a list with scores',
      {
        model: {
          vocab: [
            ['a', 0],
            ['b', -1],
            ['c', -2],
          ],
        },
      },
      ['c 2'],
    ],
    ['the same one in both', { model: { vocab: { c: 2 } }, added_tokens: [{ id: 2, content: 'c' }] }, ['c 2']],
    ['none', { model: { vocab: { a: 0, b: 1 } }, added_tokens: [{ id: 1, content: 'b' }] }, []],
  ])('are named: %s', (_, tokenizer, expected) => {
    expect(tokensBeyond(tokenizer, 2).map(({ text, id }) => `${text} ${id}`)).toEqual(expected);
  });
});
