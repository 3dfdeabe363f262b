import * as tf from '@tensorflow/tfjs-core';
import type { CausalLm } from '../models/causal-lm.ts';
import { createDecoder } from '../models/decoder.ts';
import type { FolderReader } from '../ports.ts';
import { loadModelConfig, locateWeights } from './model-files.ts';
import { readTensorData } from './safetensors.ts';

export interface LoadOptions {
  /** False freezes every weight (reference and reward models). */
  trainable?: boolean;
  /** Called after each piece with how much of the files has been read, in bytes; whatever it throws ends the loading. */
  onBytes?: (done: number, total: number) => Promise<void> | void;
}

/** Loads a Hugging Face folder as a decoder. Configuration and headers are checked in full before the first weight is read. */
export async function loadModel(reader: FolderReader, options: LoadOptions = {}): Promise<CausalLm> {
  const config = await loadModelConfig(reader);
  const entries = await locateWeights(reader, config);
  const parameters = new Map<string, tf.Variable>();
  const trainable = options.trainable ?? true;
  try {
    let done = 0;
    const total = [...entries.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
    const told = (bytes: number) => options.onBytes?.((done += bytes), total);
    for (const [name, entry] of entries) {
      const data = await readTensorData(reader, entry, told);
      parameters.set(name, newVariable(data, entry.shape, trainable));
    }
  } catch (error) {
    tf.dispose([...parameters.values()]);
    throw error;
  }
  return createDecoder(config, parameters, { trainable: () => trainable });
}

/**
 * An anonymous variable with these numbers. TensorFlow takes numbers over at their first use; the reshape is one, so that a model being
 * loaded is not held twice, in JavaScript and in TensorFlow.
 */
export function newVariable(data: Float32Array, shape: readonly number[], trainable = true): tf.Variable {
  const initial = tf.tensor(data, [...shape], 'float32');
  const variable = tf.variable(initial, trainable);
  initial.dispose();
  tf.reshape(variable, [-1]).dispose();
  return variable;
}
