import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { loadingLines } from '../../../src-main/workbench/exporting/loading.ts';
import { temporaryFolder } from '../../helpers/workbench.ts';

const plain = {
  ...{ r: 4, base_model_name_or_path: 'org/base', bias: 'none', use_dora: false, use_rslora: true },
  ...{ modules_to_save: null, rank_pattern: {}, alpha_pattern: {} },
};

test.each([
  [{}, 'vllm serve "org/base" --enable-lora --max-lora-rank 8 --lora-modules tuned=FOLDER'],
  [{ r: 17 }, 'vllm serve "org/base" --enable-lora --max-lora-rank 32 --lora-modules tuned=FOLDER'],
  [{ r: 513 }, 'it does not load an adapter of rank 513; export it merged, with --format safetensors'],
  [{ use_dora: true }, 'it does not load an adapter with use_dora; export it merged, with --format safetensors'],
  [
    { modules_to_save: ['lm_head'] },
    'it does not load an adapter with modules_to_save; export it merged, with --format safetensors',
  ],
  [{ bias: 'all' }, 'it does not load an adapter with bias; export it merged, with --format safetensors'],
])('an adapter with %j is told to vLLM as vLLM takes it', async (settings, command) => {
  const folder = temporaryFolder();
  writeFileSync(path.join(folder, 'adapter_config.json'), JSON.stringify({ ...plain, ...settings }));
  const quoted = JSON.stringify(folder);
  expect(await loadingLines(folder, 'adapter')).toEqual([
    { tool: 'PEFT', command: `AutoPeftModelForCausalLM.from_pretrained(${quoted})` },
    { tool: 'vLLM', command: command.replace('FOLDER', quoted) },
  ]);
});
