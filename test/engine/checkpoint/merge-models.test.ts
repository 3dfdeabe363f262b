import { beforeAll, describe, expect, it } from 'vitest';
import { mergeModels } from '../../../src-main/engine/checkpoint/merge-models.ts';
import type { Merge } from '../../../src-main/engine/checkpoint/merge-models.ts';
import { mergeWeights } from '../../../src-main/engine/checkpoint/merge-weights.ts';
import { loadModelConfig } from '../../../src-main/engine/checkpoint/model-files.ts';
import { readTensors } from '../../../src-main/engine/checkpoint/read-tensors.ts';
import { weightPlace } from '../../../src-main/engine/checkpoint/weight-place.ts';
import { expectedShapes } from '../../../src-main/engine/models/parameters.ts';
import { fractionAt } from '../../../src-main/shared/domain/merging.ts';
import { openFolder } from '../../../src-main/trainer/node-folders.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import { modelAsset } from '../../helpers/golden-models.ts';
import { MemoryFolder } from '../../helpers/memory-folder.ts';

beforeAll(async () => {
  await openTestBackend();
});

const assetOf = (family: string) => openFolder(modelAsset(family));
const floats = (...values: number[]) => new Float32Array(values);
const rounded = (values: Float32Array) => [...values].map((value) => Number(value.toFixed(5)));

describe('one weight', () => {
  const base = floats(1, 0, 0, 2);
  const [a, b, c] = [floats(1, 3, 0, 2), floats(1, 0, 4, 2), floats(3, 0, 0, 0)];
  const models = (weights: readonly number[], ...values: Float32Array[]) =>
    values.map((one, i) => ({ values: one, weight: weights[i] ?? 1 }));

  it.each([
    // 0.75 · base + 0.25 · a.
    ['linear, one model', 'linear', models([1], a), 0.25, [1, 0.75, 0, 2]],
    // (1·a + 3·b) / 4 is [1, 0.75, 3, 2].
    ['linear, by share', 'linear', models([1, 3], a, b), 1, [1, 0.75, 3, 2]],
    // base + 0.5 · [0, 3, 0, 0] − 1 · [2, 0, 0, −2].
    ['task arithmetic', 'task-arithmetic', models([0.5, -1], a, c), 1, [-1, 1.5, 0, 4]],
    // NumPy, sin((1 − t)Ω)/sin Ω · v₀ + sin(tΩ)/sin Ω · v₁ of the differences, which are at right angles: Ω = π/2.
    ['SLERP half-way', 'slerp', models([1, 1], a, b), 1, [1, 2.12132, 2.82843, 2]],
    ['SLERP by share', 'slerp', models([3, 1], a, b), 1, [1, 2.77164, 1.53073, 2]],
    // The same formula twice, the second time with t = 1/3, and half of the way back to the base.
    ['SLERP of three', 'slerp', models([1, 1, 1], a, b, c), 0.5, [1.5, 0.91856, 1.22474, 1.5]],
    // Parallel differences have no angle to turn by: their mean.
    ['SLERP along a line', 'slerp', models([1, 1], a, floats(1, 6, 0, 2)), 1, [1, 4.5, 0, 2]],
    ['SLERP with a model that did not move', 'slerp', models([1, 1], a, base), 1, [1, 1.5, 0, 2]],
  ] as const)('%s', (_, method, sources, fraction, expected) => {
    expect(rounded(mergeWeights(method, base, sources, fraction))).toEqual(expected);
  });

  it('is the base at 0 and the model at 1, to the last bit', () => {
    const [start, end] = [floats(0.1, -1e-7, 3e8), floats(0.3, 1e7, -2e-8)];
    expect(mergeWeights('linear', start, [{ values: end, weight: 1 }], 0)).toEqual(start);
    expect(mergeWeights('linear', start, [{ values: end, weight: 1 }], 1)).toEqual(end);
  });
});

describe('the place of a weight', () => {
  it.each([
    ['llama', { attention: 4, mlp: 3, norms: 2 }],
    ['gpt2', { attention: 4, mlp: 4, norms: 4 }],
    ['gpt-neox', { attention: 4, mlp: 4, norms: 4 }],
  ])('%s: every weight of a block is of one kind', async (family, inBlock) => {
    const config = await loadModelConfig(assetOf(family));
    const places = [...expectedShapes(config).keys()].map((name) => weightPlace(config, name));
    const first = places.filter(({ layer }) => layer === 0).map(({ module }) => module);
    expect(
      Object.fromEntries([...new Set(first)].map((kind) => [kind, first.filter((one) => one === kind).length])),
    ).toEqual(inBlock);
    const outside = new Set(places.filter(({ layer }) => layer === null).map(({ module }) => module));
    expect(outside).toEqual(new Set(['embeddings', 'norms']));
  });

  it('goes the fraction of the last part that holds for it', () => {
    const recipe = {
      fraction: 0.5,
      parts: [
        { modules: ['attention' as const], fraction: 0.2 },
        { layers: [1, 2] as [number, number], fraction: 0.9 },
      ],
    };
    const at = (module: 'attention' | 'mlp', layer: number | null) => fractionAt(recipe, { module, layer });
    expect([at('attention', 0), at('mlp', 0), at('attention', 1), at('mlp', 2), at('mlp', null)]).toEqual([
      0.2, 0.5, 0.9, 0.9, 0.5,
    ]);
  });
});

describe('whole models', () => {
  const [old, now] = [assetOf('gpt-neox'), assetOf('gpt-neox-sequential')];
  const merge = (changes: Partial<Merge> = {}): Merge => ({
    method: 'linear',
    models: [{ reader: now, weight: 1 }],
    fraction: 1,
    parts: [],
    ...changes,
  });
  const weightsOf = async (folder: MemoryFolder | ReturnType<typeof assetOf>) => {
    const { tensors } = await readTensors(folder, 'model.safetensors');
    return new Map([...tensors].map(([name, tensor]) => [name, [...tensor.dataSync()]]));
  };

  it('go part by part: attention stays, the second block goes all the way, the rest a quarter', async () => {
    const folder = new MemoryFolder();
    const parts: Merge['parts'] = [
      { layers: [1, 1], fraction: 1 },
      { modules: ['attention'], fraction: 0 },
    ];
    await mergeModels(old, merge({ fraction: 0.25, parts }), folder);
    const [before, after, found] = [await weightsOf(old), await weightsOf(now), await weightsOf(folder)];
    const expected = (name: string) => {
      const [from, to] = [before.get(name) ?? [], after.get(name) ?? []];
      if (name.includes('.attention.')) return from;
      if (name.includes('.layers.1.')) return to;
      return from.map((value, i) => Math.fround(0.75 * value + 0.25 * (to[i] ?? NaN)));
    };
    expect(found).toEqual(new Map([...found.keys()].map((name) => [name, expected(name)])));
    expect(found.size).toBe(after.size);
  });

  it.each([
    [
      'another family',
      merge({ models: [{ reader: assetOf('gpt2'), weight: 1 }] }),
      /cannot be merged: one is gpt_neox, the other gpt2/,
    ],
    [
      'a layer that is not there',
      merge({ parts: [{ layers: [1, 7], fraction: 0 }] }),
      /names layers 1 to 7; the model has 0 to 1/,
    ],
    ['SLERP of one', merge({ method: 'slerp' }), /there is one/],
    ['a share below 0', merge({ models: [{ reader: now, weight: -1 }] }), /takes shares/],
    ['no number', merge({ fraction: NaN }), /NaN is not a number/],
  ])('are refused for %s', async (_, wrong, sentence) => {
    await expect(mergeModels(old, wrong, new MemoryFolder())).rejects.toThrow(sentence);
  });

  /** A copy of a folder with another config.json or tokenizer. */
  async function changed(family: string, files: Record<string, string>): Promise<MemoryFolder> {
    const reader = assetOf(family);
    const copies: Record<string, Uint8Array> = {};
    for (const name of await reader.list()) copies[name] = await reader.readBytes(name);
    return new MemoryFolder({ ...copies, ...files }, 'changed');
  }

  it('are refused for other sizes and for tokenizers that mean other tokens', async () => {
    const vocab = (ids: object) => JSON.stringify({ model: { vocab: ids } });
    const [one, other] = [
      await changed('gpt-neox', { 'tokenizer.json': vocab({ a: 0, b: 1 }) }),
      await changed('gpt-neox', { 'tokenizer.json': vocab({ a: 1, b: 0 }) }),
    ];
    const both = (reader: MemoryFolder) => merge({ models: [{ reader, weight: 1 }] });
    await expect(mergeModels(one, both(other), new MemoryFolder())).rejects.toThrow(
      'changed and changed cannot be merged: their tokenizers give “a” the ids 0 and 1',
    );
    const config = JSON.parse(await old.readText('config.json')) as { num_attention_heads: number };
    const heads = { ...config, num_attention_heads: config.num_attention_heads * 2 };
    const wide = await changed('gpt-neox', { 'config.json': JSON.stringify(heads) });
    await expect(mergeModels(old, both(wide), new MemoryFolder())).rejects.toThrow(
      /cannot be merged: \d+ attention heads against \d+/,
    );
  });
});
