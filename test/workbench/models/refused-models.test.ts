import { cpSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { quietTask } from '../../../src-main/workbench/supervision/task.ts';
import { modelAsset } from '../../helpers/golden-models.ts';
import { openTestWorkbench, temporaryFolder } from '../../helpers/workbench.ts';

const index = 'model.safetensors.index.json';
const edit = (folder: string, file: string, change: (fields: Record<string, unknown>) => object) => {
  const place = path.join(folder, file);
  writeFileSync(place, JSON.stringify(change(JSON.parse(readFileSync(place, 'utf8')) as Record<string, unknown>)));
};
const configured = (fields: object) => (folder: string) =>
  edit(folder, 'config.json', (own) => ({ ...own, ...fields }));

test.for<[string, string, (folder: string) => void, RegExp]>([
  [
    'a shard that is not there',
    'mistral',
    (at) => rmSync(path.join(at, 'model-00002-of-00003.safetensors')),
    /00002-of-00003.* is not there/,
  ],
  [
    'a shard that is cut',
    'mistral',
    (at) => truncateSync(path.join(at, 'model-00003-of-00003.safetensors'), 2000),
    /00003-of-00003/,
  ],
  ['an index without a map', 'mistral', (at) => edit(at, index, () => ({})), /has no weight_map/],
  [
    'weights that are cut',
    'llama',
    (at) => truncateSync(path.join(at, 'model.safetensors'), 9000),
    /model\.safetensors/,
  ],
  [
    'a config.json that is cut',
    'llama',
    (at) => truncateSync(path.join(at, 'config.json'), 20),
    /config\.json is not JSON/,
  ],
  [
    'a config.json of something else',
    'llama',
    (at) => edit(at, 'config.json', () => ({})),
    /does not name a model_type/,
  ],
  ['nothing any more', 'llama', (at) => rmSync(at, { recursive: true }), /there is no such folder/],
  [
    'a generation_config.json that is cut',
    'llama',
    (at) => writeFileSync(path.join(at, 'generation_config.json'), '{"eos_token_id": [1,'),
    /generation_config\.json is not JSON/,
  ],
  ['quantised weights', 'llama', configured({ quantization_config: { bits: 4 } }), /quantised/],
  ['a mixture of experts', 'qwen3', configured({ num_experts: 8 }), /mixtures of experts/],
  ['another family', 'llama', configured({ model_type: 'mamba' }), /mamba/],
  ['another width than its weights', 'llama', configured({ intermediate_size: 8 }), /has the shape/],
  ['more layers than its weights', 'llama', configured({ num_hidden_layers: 9 }), /is missing/],
  [
    'weights of another name',
    'llama',
    (at) => renameSync(path.join(at, 'model.safetensors'), path.join(at, 'pytorch_model.bin')),
    /no model\.safetensors/,
  ],
])('a folder with %s is refused at import, as loading it would be', async ([, family, spoil, message]) => {
  const workbench = await openTestWorkbench();
  const folder = path.join(temporaryFolder(), 'model');
  cpSync(modelAsset(family), folder, { recursive: true });
  await workbench.models.add(folder, { name: 'whole' }, quietTask());
  spoil(folder);
  await expect(workbench.models.add(folder, { name: 'spoilt' }, quietTask())).rejects.toMatchObject({
    code: expect.not.stringContaining('internal'),
    message: expect.stringMatching(message),
  });
  expect((await workbench.models.list()).map(({ name }) => name)).toEqual(['whole']);
});
