import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadModel } from '../../../src-main/engine/checkpoint/load-model.ts';
import { readTensors } from '../../../src-main/engine/checkpoint/read-tensors.ts';
import { saveModel, writeTensors } from '../../../src-main/engine/checkpoint/save-model.ts';
import type { CausalLm } from '../../../src-main/engine/models/causal-lm.ts';
import { openFolder } from '../../../src-main/trainer/node-folders.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import { goldenFamilies, largestDifference, logitsAt, modelAsset, readRecorded } from '../../helpers/golden-models.ts';
import { MemoryFolder } from '../../helpers/memory-folder.ts';

beforeAll(async () => {
  await openTestBackend();
});

const assetOf = (family: string) => openFolder(modelAsset(family));

function weightsOf(model: CausalLm): Record<string, unknown> {
  const weights = [...model.parameters].map(([name, weight]) => [name, weight.arraySync()] as const);
  model.dispose();
  return Object.fromEntries(weights);
}

describe('a saved model', () => {
  it.each(goldenFamilies)('%s is the model it was, with its configuration whole', async (family) => {
    const folder = new MemoryFolder();
    const model = await loadModel(assetOf(family));
    const written = await saveModel(model, assetOf(family), folder);
    expect(weightsOf(await loadModel(folder))).toEqual(weightsOf(model));
    const before = JSON.parse(await assetOf(family).readText('config.json')) as object;
    expect(JSON.parse(await folder.readText('config.json'))).toEqual({ ...before, dtype: 'float32' });
    expect(written).toEqual({
      sha256: { 'model.safetensors': expect.stringMatching(/^[0-9a-f]{64}$/) },
      sizeBytes: folder.files.get('model.safetensors')!.byteLength,
    });
  });

  it('keeps the files next to the weights', async () => {
    const source = new MemoryFolder({
      ...Object.fromEntries((await loadFiles('llama')).entries()),
      'tokenizer.json': '{"version":"1.0"}',
      'chat_template.jinja': '{{ messages }}',
      'README.md': 'not part of the model',
    });
    const folder = new MemoryFolder();
    const model = await loadModel(source);
    await saveModel(model, source, folder);
    model.dispose();
    expect((await folder.list()).sort()).toEqual([
      'chat_template.jinja',
      'config.json',
      'generation_config.json',
      'model.safetensors',
      'tokenizer.json',
    ]);
    expect(await folder.readText('chat_template.jinja')).toBe('{{ messages }}');
  });

  it('leaves no tensor behind, also when loading fails half way', async () => {
    const before = tf.memory().numTensors;
    const files = await loadFiles('llama');
    const weights = files.get('model.safetensors')!;
    const cut = new MemoryFolder(Object.fromEntries(files));
    cut.readBytes = async (name, offset = 0, length = weights.byteLength) =>
      name === 'model.safetensors' && length > 5000 ? weights.slice(0, 5) : weights.slice(offset, offset + length);
    await expect(loadModel(cut)).rejects.toThrow(/data is cut off/);
    (await loadModel(assetOf('llama'))).dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

async function loadFiles(family: string): Promise<Map<string, Uint8Array>> {
  const reader = assetOf(family);
  const files = await Promise.all(
    (await reader.list()).map(async (name) => [name, await reader.readBytes(name)] as const),
  );
  return new Map(files);
}

describe('weights that do not belong to the configuration are refused', () => {
  const changed = async (change: Record<string, unknown>) => {
    const files = await loadFiles('llama');
    const config = JSON.parse(Buffer.from(files.get('config.json')!).toString()) as Record<string, unknown>;
    return new MemoryFolder(
      { ...Object.fromEntries(files), 'config.json': JSON.stringify({ ...config, ...change }) },
      'mixed',
    );
  };
  it.each([
    [
      'another width',
      { intermediate_size: 48 },
      /gate_proj\.weight has the shape \[40, 32\], config\.json asks for \[48, 32\]/,
    ],
    [
      'more layers',
      { num_hidden_layers: 3 },
      /mixed: the weight model\.layers\.2\.input_layernorm\.weight of a llama model is missing/,
    ],
  ])('%s', async (_, change, message) => {
    await expect(loadModel(await changed(change))).rejects.toThrow(message);
  });
});

describe('GPT-2 weights without their outer name', () => {
  it('are found', async () => {
    const files = await loadFiles('gpt2');
    const { tensors } = await readTensors(assetOf('gpt2'), 'model.safetensors');
    const bare = new MemoryFolder(Object.fromEntries(files));
    await writeTensors(
      bare,
      'model.safetensors',
      new Map([...tensors].map(([name, tensor]) => [name.replace('transformer.', ''), tensor])),
    );
    tf.dispose([...tensors.values()]);
    const recorded = readRecorded('gpt2', 'golden.json');
    const model = await loadModel(bare);
    const difference = largestDifference(logitsAt(model, recorded), recorded.logits);
    model.dispose();
    expect(difference).toBeLessThan(1e-4);
  });
});
