import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { CausalLm } from '../models/causal-lm.ts';
import { sharedWith } from '../models/lora.ts';
import type { FolderReader } from '../ports.ts';
import { mergePeft } from './merge-peft.ts';
import { loadAdapter } from './peft.ts';

/**
 * `base` with an adapter of PEFT on it, next to `base` itself: what the adapter leaves alone is in memory once. A plain adapter is computed
 * next to its linears; of any other form, the weights that it changes are copied. Disposed before `base`, which owns the rest. Not for
 * adapters that bring a head for rewards.
 */
export async function adaptedBeside(base: CausalLm, reader: FolderReader): Promise<CausalLm> {
  // Its place is taken; it has no weights of its own to take along.
  const view = sharedWith(base);
  try {
    return await loadAdapter(view, reader);
  } catch (error) {
    // Not a plain one; what is wrong with it altogether is said by the merge.
    if (!(error instanceof WorkbenchError)) throw error;
    return await mergePeft(view, reader);
  } finally {
    view.dispose();
  }
}
