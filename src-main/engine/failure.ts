import * as tf from '@tensorflow/tfjs-core';
import { WorkbenchError } from '../shared/domain/errors.ts';
import { lessMemory } from '../shared/domain/run-failure.ts';
import type { RunSpec } from '../shared/domain/run-spec.ts';

/** An error as people see it; a lack of memory, which every backend words in its own way, comes with what would need less. */
export function asFailure(error: unknown, batch?: RunSpec['batch']): WorkbenchError {
  if (error instanceof WorkbenchError) return error;
  const text = error instanceof Error ? error.message : String(error);
  if (!/out of memory|OOM|resource exhausted|allocat(e|ion)|bad_alloc/i.test(text)) {
    return new WorkbenchError('internal', text, { cause: error });
  }
  const heldMiB = Math.round(tf.memory().numBytes / 2 ** 20);
  return new WorkbenchError('out-of-memory', `Memory ran out (${heldMiB} MiB of tensors were held): ${text}`, {
    remedy: batch === undefined ? 'Free memory on this device, or use a smaller model.' : lessMemory(batch),
    cause: error,
  });
}
