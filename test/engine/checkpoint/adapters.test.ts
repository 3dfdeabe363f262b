import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadAdapter, saveAdapter } from '../../../src-main/engine/checkpoint/peft.ts';
import type { CausalLm } from '../../../src-main/engine/models/causal-lm.ts';
import { addAdapter, mergeAdapter, withoutAdapter } from '../../../src-main/engine/models/lora.ts';
import { createRandom } from '../../../src-main/engine/random.ts';
import { scoreRewards, toRewardModel } from '../../../src-main/engine/reward-model.ts';
import { openFolder } from '../../../src-main/trainer/node-folders.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import {
  largestDifference,
  loadGoldenModel,
  logitsAt,
  modelAsset,
  readRecorded,
  recordedSequences,
  type RecordedLogits,
} from '../../helpers/golden-models.ts';
import { MemoryFolder } from '../../helpers/memory-folder.ts';

beforeAll(async () => {
  await openTestBackend();
});

const families = ['llama', 'gpt2', 'gpt-neox'];
const adapterOf = (family: string) => openFolder(modelAsset(`${family}-adapter`));
const loadAdapted = async (family: string) => loadAdapter(await loadGoldenModel(family), adapterOf(family));

describe.each(families)('an adapter that PEFT wrote for %s', (family) => {
  it('gives PEFT’s logits, merged and unmerged, and the plain model’s without it', async () => {
    const model = await loadAdapted(family);
    const adapted = readRecorded(`${family}-adapter`, 'golden.json');
    const plain = readRecorded(family, 'golden.json');
    const base = withoutAdapter(model);
    const found = { adapted: logitsAt(model, adapted), plain: logitsAt(base, plain) };
    base.dispose();
    const merged = mergeAdapter(model);
    expect(merged.adapter).toBeNull();
    const differences = [
      largestDifference(found.adapted, adapted.logits),
      largestDifference(found.plain, plain.logits),
      largestDifference(logitsAt(merged, adapted), adapted.logits),
    ];
    merged.dispose();
    expect(Math.max(...differences)).toBeLessThan(1e-4);
  });

  it('is written back as PEFT wrote it', async () => {
    const model = await loadAdapted(family);
    const folder = new MemoryFolder();
    await saveAdapter(model, folder, `../${family}`);
    model.dispose();
    const tensors = async (reader: Parameters<typeof loadAdapter>[1]) => {
      const again = await loadAdapter(await loadGoldenModel(family), reader);
      const values = [...again.trainable].map(([name, weight]) => [name, weight.arraySync()] as const);
      again.dispose();
      return Object.fromEntries(values);
    };
    expect(await tensors(folder)).toEqual(await tensors(adapterOf(family)));
    const [ours, theirs] = await Promise.all([folder, adapterOf(family)].map(configOf));
    expect(ours).toEqual(theirs);
  });
});

describe('an adapter that PEFT wrote for a reward model', () => {
  const padding = { padTokenId: 0, eosTokenId: 2 };
  const folder = 'llama-reward-adapter';
  const rewarding = async () => toRewardModel(await loadGoldenModel('llama'), padding, createRandom(0));

  it('brings its head along, trains it whole, and scores as PEFT does, merged and unmerged', async () => {
    const recorded = readRecorded(folder, 'golden.json') as RecordedLogits & { scores: number[] };
    const sequences = recordedSequences(recorded);
    const model = await loadAdapter(await rewarding(), openFolder(modelAsset(folder)));
    expect(model.trainable.has('score.weight')).toBe(true);
    expect(model.trainable.has('model.norm.weight')).toBe(false);
    const unmerged = [...(await scoreRewards(model, sequences))];
    const merged = mergeAdapter(model);
    const differences = [unmerged, [...(await scoreRewards(merged, sequences))]].map((scores) =>
      largestDifference(scores, recorded.scores),
    );
    merged.dispose();
    expect(Math.max(...differences)).toBeLessThan(1e-5);
  });

  it('is written back as PEFT wrote it', async () => {
    const model = await loadAdapter(await rewarding(), openFolder(modelAsset(folder)));
    const written = new MemoryFolder();
    await saveAdapter(model, written, '../llama');
    const [ours, theirs] = await Promise.all([written, openFolder(modelAsset(folder))].map(configOf));
    expect(ours).toEqual(theirs);
    expect(ours?.['task_type']).toBe('SEQ_CLS');
    const again = await loadAdapter(await rewarding(), written);
    const head = (of: CausalLm) => of.parameters.get('score.weight')?.arraySync();
    expect(head(again)).toEqual(head(model));
    expect([...again.trainable.keys()]).toEqual([...model.trainable.keys()]);
    model.dispose();
    again.dispose();
  });

  it('does not fit a model without such a head', async () => {
    const model = await loadGoldenModel('llama');
    await expect(loadAdapter(model, openFolder(modelAsset(folder)))).rejects.toThrow(/score.weight does not fit/);
    model.dispose();
  });
});

/** The settings that decide what an adapter computes; PEFT lists the targets in any order. */
async function configOf(reader: Parameters<typeof loadAdapter>[1]): Promise<Record<string, unknown>> {
  const config = JSON.parse(await reader.readText('adapter_config.json')) as Record<string, unknown>;
  const fields = [
    'base_model_name_or_path',
    'bias',
    'fan_in_fan_out',
    'lora_alpha',
    'lora_dropout',
    'modules_to_save',
    'peft_type',
    'r',
    'task_type',
    'use_rslora',
  ];
  const last = (name: string) => name.slice(name.lastIndexOf('.') + 1);
  const targets = [...new Set((config['target_modules'] as string[]).map(last))].sort();
  return { ...Object.fromEntries(fields.map((field) => [field, config[field]])), targets };
}

describe('a fresh adapter', () => {
  const settings = { rank: 2, alpha: 4, dropout: 0.5, targets: ['q_proj', 'up_proj'] };
  const start = async () => addAdapter(await loadGoldenModel('llama'), settings, createRandom(3, 'adapter'));

  it('changes nothing before it is trained, and alone is trainable', async () => {
    const model = await start();
    const recorded = readRecorded('llama', 'golden.json');
    const names = [...model.trainable.keys()];
    const difference = largestDifference(logitsAt(model, recorded), recorded.logits);
    model.dispose();
    expect(difference).toBeLessThan(1e-4);
    expect(names.map((name) => name.replace(/\.\d\./, '.N.'))).toEqual(
      [0, 1].flatMap(() =>
        ['self_attn.q_proj', 'mlp.up_proj'].flatMap((linear) =>
          ['A', 'B'].map((part) => `model.layers.N.${linear}.lora_${part}.weight`),
        ),
      ),
    );
  });

  it('drops inputs while training only, the same for the same seed', async () => {
    const model = await start();
    for (const [name, weight] of model.trainable) {
      if (name.includes('lora_B')) tf.tidy(() => weight.assign(tf.ones(weight.shape)));
    }
    const hidden = (options: { training?: boolean; dropoutSeed?: number }) => {
      const state = model.hiddenStates(tf.tensor2d([[1, 5, 9]], [1, 3], 'int32'), [3], options);
      const numbers = state.arraySync();
      state.dispose();
      return numbers;
    };
    const [plain, again, one, same, other] = [
      hidden({}),
      hidden({ dropoutSeed: 1 }),
      hidden({ training: true, dropoutSeed: 1 }),
      hidden({ training: true, dropoutSeed: 1 }),
      hidden({ training: true, dropoutSeed: 99 }),
    ];
    model.dispose();
    expect(again).toEqual(plain);
    expect(same).toEqual(one);
    expect(largestDifference(one, plain)).toBeGreaterThan(1e-3);
    expect(largestDifference(one, other)).toBeGreaterThan(1e-3);
  });

  it('names the linears of the model when a target is none of them', async () => {
    const model = await loadGoldenModel('gpt2');
    const add = () => addAdapter(model, { ...settings, targets: ['q_proj'] }, createRandom(3));
    expect(add).toThrow(expect.objectContaining({ remedy: expect.stringContaining('c_attn, c_proj, c_fc') }));
    model.dispose();
  });
});

describe('an adapter that cannot be used is refused', () => {
  const tampered = async (change: Record<string, unknown>) => {
    const reader = adapterOf('llama');
    const config = JSON.parse(await reader.readText('adapter_config.json')) as Record<string, unknown>;
    const weights = await reader.readBytes('adapter_model.safetensors');
    return new MemoryFolder({
      'adapter_config.json': JSON.stringify({ ...config, ...change }),
      'adapter_model.safetensors': weights,
    });
  };
  it.each([
    ['of another method', { peft_type: 'IA3' }, /type “IA3”/],
    ['DoRA', { use_dora: true }, /use_dora/],
    ['with biases', { bias: 'all' }, /with biases/],
    ['with a whole module', { modules_to_save: ['lm_head'] }, /whole module “lm_head”/],
    ['with ranks of single layers', { rank_pattern: { q_proj: 9 } }, /single layers/],
    ['of another rank than its weights', { r: 5 }, /does not fit the model/],
  ])('%s', async (_, change, message) => {
    const model = await loadGoldenModel('llama');
    const before = tf.memory().numTensors;
    await expect(loadAdapter(model, await tampered(change))).rejects.toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
    model.dispose();
  });

  it('of another model', async () => {
    const model = await loadGoldenModel('gpt2');
    await expect(loadAdapter(model, adapterOf('llama'))).rejects.toThrow(/does not fit the model/);
    model.dispose();
  });
});
