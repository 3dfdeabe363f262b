import { WorkbenchError } from '../../shared/domain/errors.ts';
import { fractionAt } from '../../shared/domain/merging.ts';
import type { MergeMethod, MergePart } from '../../shared/domain/merging.ts';
import type { ModelConfig } from '../models/causal-lm.ts';
import type { FolderReader, FolderWriter } from '../ports.ts';
import { mergeWeights } from './merge-weights.ts';
import { loadModelConfig, locateWeights, readJson } from './model-files.ts';
import { readTensorData, type TensorEntry } from './safetensors.ts';
import { writeCompanions, writeFloats, type WrittenWeights } from './save-model.ts';
import { weightPlace } from './weight-place.ts';

export interface Merge {
  method: MergeMethod;
  models: readonly { reader: FolderReader; weight: number }[];
  fraction: number;
  /** Weights that use another fraction; the last part that matches applies. */
  parts: readonly MergePart[];
}

interface Side {
  reader: FolderReader;
  config: ModelConfig;
  entries: Map<string, TensorEntry>;
  weight: number;
}

/**
 * Writes the result of `mergeWeights` for each weight, one after another, as a Hugging Face folder with the tokenizer of the first model.
 * Keeps one weight of each model in memory at a time; the caller commits.
 */
export async function mergeModels(base: FolderReader, merge: Merge, writer: FolderWriter): Promise<WrittenWeights> {
  refuseNumbers(merge);
  const old = await sideOf(base, 0);
  const sides: Side[] = [];
  for (const { reader, weight } of merge.models) sides.push(await sideOf(reader, weight));
  const [first] = sides;
  if (first === undefined) throw new WorkbenchError('bad-input', 'A merge needs a model next to its base.');
  for (const side of sides) await requireSameMake(old, side);
  requireLayers(merge.parts, old.config.layers);
  await writeCompanions(first.config.source, first.reader, writer);
  const tensors = [...first.entries].map(([name, { shape }]) => {
    const fraction = fractionAt(merge, weightPlace(old.config, name));
    return { name, shape, data: () => mergedWeight(merge.method, old, sides, name, fraction) };
  });
  return writeFloats(writer, 'model.safetensors', tensors, { format: 'pt' });
}

async function mergedWeight(method: MergeMethod, old: Side, sides: readonly Side[], name: string, fraction: number) {
  const start = await valuesOf(old, name);
  if (fraction === 0) return start;
  const models = [];
  for (const side of sides) models.push({ values: await valuesOf(side, name), weight: side.weight });
  return mergeWeights(method, start, models, fraction);
}

async function valuesOf({ reader, entries }: Side, name: string): Promise<Float32Array> {
  const entry = entries.get(name);
  if (entry === undefined) throw new WorkbenchError('corrupt', `${reader.label} lost the weight ${name}`);
  return readTensorData(reader, entry);
}

async function sideOf(reader: FolderReader, weight: number): Promise<Side> {
  const config = await loadModelConfig(reader);
  return { reader, config, entries: await locateWeights(reader, config), weight };
}

function refuseNumbers({ method, models, fraction }: Merge): void {
  const weights = models.map(({ weight }) => weight);
  const wrong = [fraction, ...weights].find((number) => !Number.isFinite(number));
  if (wrong !== undefined) throw new WorkbenchError('bad-input', `the fraction or weight ${wrong} is not a number`);
  if (method === 'slerp' && models.length < 2) {
    throw new WorkbenchError('bad-input', 'SLERP turns two or more models into one another; there is one.', {
      remedy: 'Name another model, or use the method linear.',
      place: { field: 'models' },
    });
  }
  if (method === 'task-arithmetic') return;
  if (weights.every((weight) => weight >= 0) && weights.some((weight) => weight > 0)) return;
  throw new WorkbenchError('bad-input', `The method ${method} takes shares: weights of 0 or more, not all 0.`, {
    remedy: 'A negative weight takes something away: use the method task-arithmetic.',
    place: { field: 'models' },
  });
}

const sizes = ['layers', 'dim', 'heads', 'kvHeads', 'headDim', 'ffnDim', 'vocabSize'] as const;
const words: Readonly<Record<(typeof sizes)[number], string>> = {
  layers: 'layers',
  dim: 'a width of',
  heads: 'attention heads',
  kvHeads: 'key and value heads',
  headDim: 'a head width of',
  ffnDim: 'a feed-forward width of',
  vocabSize: 'tokens in its vocabulary',
};

async function requireSameMake(base: Side, side: Side): Promise<void> {
  const [one, other] = [base.config, side.config];
  if (one.family !== other.family) throw different(base, side, `one is ${one.family}, the other ${other.family}`);
  const size = sizes.find((field) => one[field] !== other[field]);
  if (size !== undefined) throw different(base, side, `${sized(size, one[size])} against ${other[size]}`);
  for (const [name, { shape }] of side.entries) {
    const start = base.entries.get(name);
    if (start === undefined) throw different(base, side, `only the second has ${name}`);
    if (start.shape.join() !== shape.join()) throw different(base, side, `${name} differs in shape`);
  }
  const alone = [...base.entries.keys()].find((name) => !side.entries.has(name));
  if (alone !== undefined) throw different(base, side, `only the first has ${alone}`);
  const token = otherToken(await tokenIds(base.reader), await tokenIds(side.reader));
  if (token === null) return;
  throw different(base, side, `their tokenizers give “${token.text}” the ids ${token.one} and ${token.other}`);
}

function sized(size: (typeof sizes)[number], value: number): string {
  return words[size].startsWith('a ') ? `${words[size]} ${value}` : `${value} ${words[size]}`;
}

function requireLayers(parts: readonly MergePart[], layers: number): void {
  const beyond = parts.find((part) => part.layers !== undefined && part.layers[1] >= layers)?.layers;
  if (beyond === undefined) return;
  throw new WorkbenchError(
    'bad-input',
    `A part names layers ${beyond[0]} to ${beyond[1]}; the model has 0 to ${layers - 1}.`,
    { place: { field: 'parts' } },
  );
}

/** Ids by token, empty where the folder has no tokenizer.json. A unigram vocabulary is a list. */
async function tokenIds(reader: FolderReader): Promise<Map<string, number>> {
  if (!(await reader.list()).includes('tokenizer.json')) return new Map();
  const { model } = ((await readJson(reader, 'tokenizer.json')) ?? {}) as { model?: { vocab?: unknown } };
  const vocabulary = model?.vocab;
  if (Array.isArray(vocabulary))
    return new Map(vocabulary.map((entry: unknown, id) => [String([entry].flat()[0]), id]));
  const ids = Object.entries((vocabulary ?? {}) as Record<string, unknown>);
  return new Map(ids.flatMap(([text, id]) => (typeof id === 'number' ? [[text, id]] : [])));
}

/** A token that both know under different ids: their embeddings then mean different things. */
function otherToken(
  left: ReadonlyMap<string, number>,
  right: ReadonlyMap<string, number>,
): { text: string; one: number; other: number } | null {
  for (const [text, one] of left) {
    const other = right.get(text);
    if (other !== undefined && other !== one) return { text, one, other };
  }
  return null;
}

function different(base: Side, side: Side, how: string): WorkbenchError {
  return new WorkbenchError('bad-input', `${base.reader.label} and ${side.reader.label} cannot be merged: ${how}`, {
    remedy: 'Merge models of one architecture and one tokenizer, best of one origin.',
  });
}
