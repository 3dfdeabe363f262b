import type { Tensor } from '@tensorflow/tfjs-core';
import type { CausalLm } from '../models/causal-lm.ts';
import { isAdapterWeight } from '../models/lora.ts';
import type { FolderReader, FolderWriter } from '../ports.ts';
import { type NamedFloats, safetensorsBytes } from './safetensors.ts';

/** What was written, for a checkpoint's record. */
export interface WrittenWeights {
  /** SHA-256 in hex by file name. */
  sha256: Record<string, string>;
  sizeBytes: number;
}

/** Files of a folder other than weights and config.json; copied unchanged if the source has them. */
const companions = [
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'chat_template.jinja',
  'vocab.json',
  'merges.txt',
  'tokenizer.model',
];

/**
 * Writes the model as a Hugging Face folder that transformers loads: weights as F32, config.json complete except for its dtype, tokenizer
 * files from the folder the model came from. An adapter is left out: merge it first, or use `saveAdapter`. The caller adds whatever else
 * belongs to its checkpoint and commits.
 */
export async function saveModel(model: CausalLm, source: FolderReader, writer: FolderWriter): Promise<WrittenWeights> {
  await writeCompanions(model.config.source, source, writer);
  const weights = new Map([...model.parameters].filter(([name]) => !isAdapterWeight(name)));
  return writeTensors(writer, 'model.safetensors', weights, { format: 'pt' });
}

/** config.json (declared float32, which is what is written) and the files next to it. */
export async function writeCompanions(
  config: Record<string, unknown>,
  source: FolderReader,
  writer: FolderWriter,
): Promise<void> {
  const files = await source.list();
  const dtypes = ['dtype', 'torch_dtype']
    .filter((field) => field in config)
    .map((field) => [field, 'float32'] as const);
  await writer.writeText('config.json', `${JSON.stringify({ ...config, ...Object.fromEntries(dtypes) }, null, 2)}\n`);
  for (const file of companions.filter((name) => files.includes(name))) {
    await writer.writeText(file, await source.readText(file));
  }
}

/** Any named tensors as an F32 safetensors file (weights, adapters, optimiser moments); read back one at a time. */
export async function writeTensors(
  writer: FolderWriter,
  file: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata?: Record<string, string>,
): Promise<WrittenWeights> {
  return writeFloats(
    writer,
    file,
    [...tensors].map(([name, tensor]) => ({
      name,
      shape: tensor.shape,
      data: async () => (await tensor.data()) as Float32Array,
    })),
    metadata,
  );
}

export async function writeFloats(
  writer: FolderWriter,
  file: string,
  tensors: readonly NamedFloats[],
  metadata?: Record<string, string>,
): Promise<WrittenWeights> {
  let sizeBytes = 0;
  async function* counted() {
    for await (const chunk of safetensorsBytes(tensors, metadata)) {
      sizeBytes += chunk.byteLength;
      yield chunk;
    }
  }
  const sha256 = await writer.writeBytes(file, counted());
  return { sha256: { [file]: sha256 }, sizeBytes };
}
