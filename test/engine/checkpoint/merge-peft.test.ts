import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadModel } from '../../../src-main/engine/checkpoint/load-model.ts';
import { checkAdapter } from '../../../src-main/engine/checkpoint/check-adapter.ts';
import { mergePeft } from '../../../src-main/engine/checkpoint/merge-peft.ts';
import { loadAdapter } from '../../../src-main/engine/checkpoint/peft.ts';
import { loadModelConfig } from '../../../src-main/engine/checkpoint/model-files.ts';
import { readModelConfig } from '../../../src-main/engine/models/families.ts';
import { saveModel } from '../../../src-main/engine/checkpoint/save-model.ts';
import { openFolder } from '../../../src-main/trainer/node-folders.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import { largestDifference, loadGoldenModel, logitsAt, modelAsset, readRecorded } from '../../helpers/golden-models.ts';
import { MemoryFolder } from '../../helpers/memory-folder.ts';

beforeAll(async () => {
  await openTestBackend();
});

/** What test/golden/models/adapters.py made with PEFT: DoRA, patterns, biases, whole modules, a head apart from its embedding. */
const adapters = [
  'llama-adapter',
  'gpt2-adapter',
  'gpt-neox-adapter',
  'llama-foreign-dora',
  'gpt2-foreign-biases',
  'gemma3-foreign-embedding',
  'qwen2-foreign-head',
  'phi3-foreign-fused',
  'gemma3-foreign-tokens',
  'olmo2-foreign-blocks',
  'gpt-neox-foreign-head',
  'llama-foreign-vocabulary',
  'qwen2-foreign-vocabulary',
];
const familyOf = (adapter: string) => adapter.replace(/-(foreign-.*|adapter)$/, '');

const loadConfigOf = (family: string) => loadModelConfig(openFolder(modelAsset(family)));

describe('an adapter of PEFT, merged', () => {
  it.each(adapters)('%s gives PEFT’s logits, also when saved and loaded again', async (adapter) => {
    const family = familyOf(adapter);
    await checkAdapter(await loadConfigOf(family), openFolder(modelAsset(adapter)));
    const merged = await mergePeft(await loadGoldenModel(family), openFolder(modelAsset(adapter)));
    const recorded = readRecorded(adapter, 'golden.json');
    const difference = largestDifference(logitsAt(merged, recorded), recorded.logits);
    const folder = new MemoryFolder();
    await saveModel(merged, openFolder(modelAsset(family)), folder);
    merged.dispose();
    const again = await loadModel(folder);
    const afterwards = largestDifference(logitsAt(again, recorded), recorded.logits);
    again.dispose();
    expect(Math.max(difference, afterwards)).toBeLessThan(1e-4);
  });
});

describe('an adapter that would be computed wrongly', () => {
  const written = JSON.parse(readFileSync(modelAsset('llama-adapter', 'adapter_config.json'), 'utf8')) as object;
  const weights = Uint8Array.from(readFileSync(modelAsset('llama-adapter', 'adapter_model.safetensors')));
  const folderWith = (settings: object) =>
    new MemoryFolder({
      'adapter_config.json': JSON.stringify({ ...written, ...settings }),
      'adapter_model.safetensors': weights,
    });
  const cases: [object, string][] = [
    [{ init_lora_weights: 'pissa' }, 'init_lora_weights'],
    [{ init_lora_weights: 'pissa_niter_16' }, 'init_lora_weights'],
    [{ init_lora_weights: 'olora' }, 'init_lora_weights'],
    [{ init_lora_weights: 'corda' }, 'init_lora_weights'],
    [{ init_lora_weights: 'loftq' }, 'init_lora_weights'],
    [{ init_lora_weights: 'of next year' }, 'init_lora_weights'],
    [{ alora_invocation_tokens: [9] }, 'alora_invocation_tokens'],
    [{ kasa_config: { beta: 1 } }, 'kasa_config'],
    [{ trainable_token_indices: [3] }, 'trainable_token_indices'],
    [{ layer_replication: [[0, 2]] }, 'layer_replication'],
    [{ lora_bias: true }, 'lora_bias'],
    [{ a_setting_of_next_year: true }, 'a_setting_of_next_year'],
    [{ peft_type: 'VERA' }, 'peft_type'],
    [{ bias: 'some' }, 'bias'],
  ];
  it.each(cases)('%o is refused by name, merged or put on a model', async (settings, field) => {
    const model = await loadGoldenModel('llama');
    const expected = { code: 'unsupported', place: { field }, remedy: expect.stringContaining('merge_and_unload') };
    await expect(mergePeft(model, folderWith(settings))).rejects.toMatchObject(expected);
    await expect(loadAdapter(model, folderWith(settings))).rejects.toMatchObject(expected);
    model.dispose();
  });

  it('is refused too where a tensor is left over, belongs to another model, or lies in a pickle', async () => {
    const model = await loadGoldenModel('mistral');
    const field = { place: { file: 'adapter_model.safetensors' } };
    await expect(mergePeft(model, folderWith({ r: 4 }))).rejects.toMatchObject({ code: 'bad-input', ...field });
    await expect(mergePeft(model, openFolder(modelAsset('gpt2-adapter')))).rejects.toMatchObject({ code: 'bad-input' });
    const whole = openFolder(modelAsset('phi3-foreign-fused'));
    const unsaid = new MemoryFolder({
      'adapter_config.json': (await whole.readText('adapter_config.json')).replace(
        '"input_layernorm"',
        '"embed_tokens"',
      ),
      'adapter_model.safetensors': await whole.readBytes('adapter_model.safetensors'),
    });
    const phi = await loadGoldenModel('phi3');
    await expect(mergePeft(phi, unsaid)).rejects.toThrow(/input_layernorm.weight does not fit/);
    const pickle = new MemoryFolder({ 'adapter_config.json': JSON.stringify(written), 'adapter_model.bin': 'x' });
    await expect(mergePeft(model, pickle)).rejects.toMatchObject({ code: 'unsupported' });
    model.dispose();
    phi.dispose();
  });

  it('is refused with what to do where it has more tokens than the model', async () => {
    const { source } = await loadConfigOf('llama');
    const smaller = readModelConfig({ ...source, vocab_size: 40 });
    await expect(checkAdapter(smaller, openFolder(modelAsset('llama-foreign-vocabulary')))).rejects.toMatchObject({
      message: expect.stringMatching(/has 48 rows, one a token, and the model 40/),
      remedy: expect.stringContaining('resize_token_embeddings'),
      place: { file: 'adapter_model.safetensors' },
    });
  });
});
