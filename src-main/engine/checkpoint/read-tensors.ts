import * as tf from '@tensorflow/tfjs-core';
import type { FolderReader } from '../ports.ts';
import { readSafetensorsHeader, readTensorData } from './safetensors.ts';

/** Every tensor of one safetensors file, and the file's metadata (optimiser moments, adapters). The caller disposes them. */
export async function readTensors(
  reader: FolderReader,
  file: string,
): Promise<{ tensors: Map<string, tf.Tensor>; metadata: Record<string, string> }> {
  const { entries, metadata } = await readSafetensorsHeader(reader, file);
  const tensors = new Map<string, tf.Tensor>();
  try {
    for (const entry of entries)
      tensors.set(entry.name, tf.tensor(await readTensorData(reader, entry), entry.shape, 'float32'));
  } catch (error) {
    tf.dispose([...tensors.values()]);
    throw error;
  }
  return { tensors, metadata };
}
