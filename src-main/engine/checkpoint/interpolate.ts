import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { FolderReader, FolderWriter } from '../ports.ts';
import { loadModelConfig, locateWeights } from './model-files.ts';
import { readTensorData } from './safetensors.ts';
import { writeCompanions, writeFloats, type WrittenWeights } from './save-model.ts';

/**
 * Writes (1 − fraction)·from + fraction·to, weight by weight, as a Hugging Face folder with the tokenizer of `to`. 0 gives `from`
 * and 1 gives `to` exactly. Holds one weight of each in memory at a time; the caller commits.
 */
export async function interpolateCheckpoints(
  from: FolderReader,
  to: FolderReader,
  fraction: number,
  writer: FolderWriter,
): Promise<WrittenWeights> {
  if (!Number.isFinite(fraction)) throw new WorkbenchError('bad-input', `the fraction ${fraction} is not a number`);
  const [config, other] = [await loadModelConfig(to), await loadModelConfig(from)];
  if (config.family !== other.family) throw different(from, to, `one is ${other.family}, the other ${config.family}`);
  const [left, right] = [await locateWeights(from, other), await locateWeights(to, config)];
  await writeCompanions(config.source, to, writer);
  const tensors = [...right].map(([name, target]) => {
    const start = left.get(name);
    if (start === undefined || start.shape.join() !== target.shape.join())
      throw different(from, to, `${name} differs in shape`);
    const data = async () => mix(await readTensorData(from, start), await readTensorData(to, target), fraction);
    return { name, shape: target.shape, data };
  });
  return writeFloats(writer, 'model.safetensors', tensors, { format: 'pt' });
}

function mix(from: Float32Array, to: Float32Array, fraction: number): Float32Array {
  const mixed = new Float32Array(from.length);
  for (let i = 0; i < from.length; i++) mixed[i] = (1 - fraction) * from[i]! + fraction * to[i]!;
  return mixed;
}

function different(from: FolderReader, to: FolderReader, how: string): WorkbenchError {
  return new WorkbenchError('bad-input', `${from.label} and ${to.label} cannot be interpolated: ${how}`, {
    remedy: 'Both must be checkpoints of one architecture.',
  });
}
