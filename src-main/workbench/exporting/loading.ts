import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { WeightFormat } from './weights-out.ts';

/** One line a tool: how it loads what was written. */
export async function loadingLines(folder: string, format: WeightFormat): Promise<{ tool: string; command: string }[]> {
  const quoted = JSON.stringify(folder);
  switch (format) {
    case 'safetensors':
      return [
        { tool: 'transformers', command: `AutoModelForCausalLM.from_pretrained(${quoted})` },
        { tool: 'vLLM', command: `vllm serve ${quoted}` },
      ];
    case 'adapter': {
      const config = JSON.parse(await readFile(path.join(folder, 'adapter_config.json'), 'utf8')) as Record<
        string,
        unknown
      >;
      return [
        { tool: 'PEFT', command: `AutoPeftModelForCausalLM.from_pretrained(${quoted})` },
        { tool: 'vLLM', command: vllmAdapter(config, quoted) },
      ];
    }
    case 'gguf': {
      const file = (await readdir(folder)).find((name) => name.endsWith('.gguf')) ?? '';
      const place = JSON.stringify(path.join(folder, file));
      return [
        { tool: 'llama.cpp', command: `llama-server -m ${place}` },
        { tool: 'Ollama', command: `ollama create tuned -f ${JSON.stringify(path.join(folder, 'Modelfile'))}` },
      ];
    }
  }
}

/** Ranks that `--max-lora-rank` can be, and settings of PEFT that vLLM computes nothing of. */
const vllmRanks = [8, 16, 32, 64, 128, 256, 320, 512];
const beyondVllm = ['use_dora', 'modules_to_save', 'rank_pattern', 'alpha_pattern', 'bias'];

function vllmAdapter(config: Readonly<Record<string, unknown>>, quoted: string): string {
  const unfit = beyondVllm.find((setting) => isUsed(config[setting]));
  const own = typeof config['r'] === 'number' ? config['r'] : 8;
  const rank = vllmRanks.find((known) => known >= own);
  if (unfit !== undefined || rank === undefined) {
    const why = unfit === undefined ? `an adapter of rank ${own}` : `an adapter with ${unfit}`;
    return `it does not load ${why}; export it merged, with --format safetensors`;
  }
  const base = JSON.stringify(config['base_model_name_or_path']);
  return `vllm serve ${base} --enable-lora --max-lora-rank ${rank} --lora-modules tuned=${quoted}`;
}

function isUsed(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === 'none') return false;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}

/** Ollama reads the chat template out of the GGUF file; what it cannot know are the texts that end an answer. */
export async function modelfile(source: string, file: string): Promise<string> {
  const config = await readFile(path.join(source, 'tokenizer_config.json'), 'utf8').catch(() => '{}');
  const { eos_token: eos } = JSON.parse(config) as { eos_token?: string | { content: string } };
  const content = typeof eos === 'object' ? eos.content : eos;
  return `FROM ./${file}\n${content === undefined ? '' : `PARAMETER stop ${JSON.stringify(content)}\n`}`;
}
