import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { loadModelConfig } from '../../engine/checkpoint/model-files.ts';
import { readTensorData, type TensorEntry } from '../../engine/checkpoint/safetensors.ts';
import { readWeightIndex } from '../../engine/checkpoint/weight-index.ts';
import type { ModelConfig } from '../../engine/models/causal-lm.ts';
import { expectedShapes } from '../../engine/models/parameters.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { openFolder } from '../../trainer/node-folders.ts';
import { throwIfCancelled } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';
import { blockLength, type GgufTensor, type GgufType, writeGguf } from './gguf-file.ts';
import { fusedApart, ggufFamily, ggufName, interleaved, modelMetadata, transposed } from './gguf-model.ts';
import { tokenizerMetadata } from './gguf-tokenizer.ts';

export const ggufTypes: readonly GgufType[] = ['f32', 'f16', 'bf16', 'q8_0'];
/** llama.cpp's numbers for what most tensors of a file are. */
const fileTypes: Readonly<Record<GgufType, number>> = { f32: 0, f16: 1, q8_0: 7, bf16: 32 };

/** A Hugging Face folder as one GGUF file. */
export async function exportGguf(
  folder: string,
  file: string,
  { name, type }: { name: string; type: GgufType },
  task: Task,
): Promise<{ sha256: string; sizeBytes: number }> {
  const config = await loadModelConfig(openFolder(folder));
  ggufFamily(config);
  const metadata = new Map([
    ...modelMetadata(config, name, fileTypes[type]),
    ...tokenizerMetadata(await tokenizerFiles(folder), config.vocabSize, config.eosTokenIds),
  ]);
  const tensors = await tensorsOf(folder, config, type);
  return writeGguf(file, metadata, tensors, (done) => {
    throwIfCancelled(task);
    task.progress(`writing ${path.basename(file)}`, done / tensors.length);
  });
}

async function tensorsOf(folder: string, config: ModelConfig, type: GgufType): Promise<GgufTensor[]> {
  const reader = openFolder(folder);
  const entries = await readWeightIndex(reader);
  const tensors = [...expectedShapes(config)].map(([name, shape]): GgufTensor => {
    const entry = entries.get(name) ?? entries.get(name.slice(name.indexOf('.') + 1));
    if (entry === undefined) throw new WorkbenchError('corrupt', `${folder} lacks the weight ${name}.`);
    const flat = shape.length === 1;
    // Norms and biases stay as they are; a row that fills no whole blocks is kept in half precision.
    const isPosition = name.startsWith(`${config.architecture.names.positionEmbedding}.`);
    const own = flat || isPosition ? 'f32' : type === 'q8_0' && shape.at(-1)! % blockLength !== 0 ? 'f16' : type;
    const read = async () => prepared(config, name, entry, await readTensorData(reader, entry));
    const turned = isTurned(config, name, shape) ? shape.toReversed() : shape;
    return { name: ggufName(config, name), shape: turned, type: own, read };
  });
  for (const [name, factors] of frequencyFactors(config)) {
    tensors.push({ name, shape: [factors.length], type: 'f32', read: async () => factors });
  }
  return tensors;
}

/** The weight as llama.cpp expects it: rows of queries and keys in its order, a norm's gain whole. */
function prepared(config: ModelConfig, name: string, { shape }: TensorEntry, numbers: Float32Array): Float32Array {
  const { names, norm } = config.architecture;
  const width = shape.length === 1 ? 1 : shape[1]!;
  if (ggufFamily(config).interleaved) {
    if (name.includes(`.${names.query}.`)) return interleaved(numbers, config.heads, width);
    if (name.includes(`.${names.key}.`)) return interleaved(numbers, config.kvHeads, width);
  }
  if (isTurned(config, name, shape)) return transposed(numbers, shape[0]!, shape[1]!);
  if (config.architecture.attention.projection === 'fused-by-head' && name.includes(`.${names.queryKeyValue}.`))
    return fusedApart(numbers, config.heads, width);
  return norm.gain === 'one-plus-weight' && shape.length === 1 && name.includes('norm')
    ? numbers.map((x) => x + 1)
    : numbers;
}

/** Linears that are stored [in, out]; embeddings are not. */
function isTurned({ architecture }: ModelConfig, name: string, shape: readonly number[]): boolean {
  return (
    architecture.linearLayout === 'in-out' && shape.length === 2 && name.startsWith(`${architecture.names.block}.`)
  );
}

/** What each frequency is divided by, by the tensor that llama.cpp reads it from: Llama 3.1's scaling, and LongRoPE's two lists. */
function frequencyFactors({ architecture }: ModelConfig): [string, Float32Array][] {
  const rotary = architecture.layers.find((layer) => layer.rotary !== null)?.rotary;
  if (rotary == null) return [];
  const { scaling } = rotary;
  if (scaling.kind === 'longrope') {
    return [
      ['rope_factors_long.weight', Float32Array.from(scaling.longFactors)],
      ['rope_factors_short.weight', Float32Array.from(scaling.shortFactors)],
    ];
  }
  if (scaling.kind !== 'llama3') return [];
  const { factor, lowFreqFactor, highFreqFactor, originalPositions } = scaling;
  const factors = Float32Array.from({ length: rotary.dim / 2 }, (_, i) => {
    const wavelength = 2 * Math.PI * rotary.theta ** ((2 * i) / rotary.dim);
    if (wavelength < originalPositions / highFreqFactor) return 1;
    if (wavelength > originalPositions / lowFreqFactor) return factor;
    const smooth = (originalPositions / wavelength - lowFreqFactor) / (highFreqFactor - lowFreqFactor);
    return 1 / ((1 - smooth) / factor + smooth);
  });
  return [['rope_freqs.weight', factors]];
}

async function tokenizerFiles(folder: string) {
  const config = (await readJson(folder, 'tokenizer_config.json').catch(() => ({}))) as Record<string, unknown>;
  const written = config['chat_template'];
  const template = await readFile(path.join(folder, 'chat_template.jinja'), 'utf8').catch(() => null);
  const chatTemplate = template ?? (typeof written === 'string' ? written : null);
  return { tokenizer: await readJson(folder, 'tokenizer.json'), config, chatTemplate };
}

async function readJson(folder: string, name: string): Promise<unknown> {
  const file = path.join(folder, name);
  try {
    return JSON.parse(await readFile(file, 'utf8')) as unknown;
  } catch (cause) {
    throw new WorkbenchError('bad-input', `${file} cannot be read.`, {
      remedy: 'A model needs config.json and tokenizer.json for GGUF.',
      place: { file },
      cause,
    });
  }
}
