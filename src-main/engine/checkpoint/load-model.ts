import * as tf from '@tensorflow/tfjs-core';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { CausalLm, ModelConfig } from '../models/causal-lm.ts';
import { createDecoder } from '../models/decoder.ts';
import { readModelConfig } from '../models/families.ts';
import { expectedShapes } from '../models/parameters.ts';
import type { FolderReader } from '../ports.ts';
import { readTensorData, type TensorEntry } from './safetensors.ts';
import { readWeightIndex } from './weight-index.ts';

export interface LoadOptions {
  /** False freezes every weight (reference and reward models). */
  trainable?: boolean;
}

/** A Hugging Face folder as a decoder. Configuration and headers are checked whole before the first weight is read. */
export async function loadModel(reader: FolderReader, options: LoadOptions = {}): Promise<CausalLm> {
  const config = await loadModelConfig(reader);
  const entries = await locateWeights(reader, config);
  const parameters = new Map<string, tf.Variable>();
  const trainable = options.trainable ?? true;
  try {
    for (const [name, entry] of entries) {
      const data = await readTensorData(reader, entry);
      parameters.set(name, newVariable(data, entry.shape, trainable));
    }
  } catch (error) {
    tf.dispose([...parameters.values()]);
    throw error;
  }
  return createDecoder(config, parameters, { trainable: () => trainable });
}

/** config.json, with the stop tokens of generation_config.json where there is one. */
export async function loadModelConfig(reader: FolderReader): Promise<ModelConfig> {
  const files = await reader.list();
  if (!files.includes('config.json')) {
    throw new WorkbenchError('not-found', `${reader.label} holds no config.json`, {
      remedy: 'Choose the folder that save_pretrained wrote.',
      place: { file: 'config.json' },
    });
  }
  const config = readModelConfig(await readJson(reader, 'config.json'), `${reader.label}/config.json`);
  if (!files.includes('generation_config.json')) return config;
  const generation = (await readJson(reader, 'generation_config.json')) as { eos_token_id?: unknown } | null;
  const more = [generation?.eos_token_id].flat().filter((id): id is number => Number.isInteger(id));
  return { ...config, eosTokenIds: [...new Set([...config.eosTokenIds, ...more])] };
}

/** The file entry of every weight the configuration asks for, under the name the decoder uses. */
export async function locateWeights(reader: FolderReader, config: ModelConfig): Promise<Map<string, TensorEntry>> {
  const found = await readWeightIndex(reader);
  const entries = new Map<string, TensorEntry>();
  for (const [name, shape] of expectedShapes(config)) {
    const entry = found.get(name) ?? found.get(withoutPrefix(name));
    if (entry === undefined) {
      throw new WorkbenchError(
        'bad-input',
        `${reader.label}: the weight ${name} of a ${config.family} model is missing`,
        {
          remedy: 'The weights do not belong to this config.json, or a file is missing.',
          place: { field: name },
        },
      );
    }
    if (entry.shape.join() !== shape.join()) {
      throw new WorkbenchError(
        'bad-input',
        `${reader.label}/${entry.file}: ${name} has the shape [${entry.shape.join(', ')}], config.json asks for [${shape.join(', ')}]`,
        { place: { file: entry.file, field: name } },
      );
    }
    entries.set(name, entry);
  }
  return entries;
}

/** Bare base models (GPT-2 as first published) leave out the outer module's name. */
function withoutPrefix(name: string): string {
  return name.slice(name.indexOf('.') + 1);
}

/**
 * An anonymous variable of these numbers. TensorFlow takes numbers over at their first use; the reshape is one, so that a model
 * being loaded is not held twice, in JavaScript and there.
 */
export function newVariable(data: Float32Array, shape: readonly number[], trainable = true): tf.Variable {
  const initial = tf.tensor(data, [...shape], 'float32');
  const variable = tf.variable(initial, trainable);
  initial.dispose();
  tf.reshape(variable, [-1]).dispose();
  return variable;
}

export async function readJson(reader: FolderReader, file: string): Promise<unknown> {
  const text = await reader.readText(file);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new WorkbenchError('bad-input', `${reader.label}/${file} is not JSON`, { place: { file }, cause });
  }
}
