import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { CausalLm } from '../models/causal-lm.ts';
import { sharedWith } from '../models/lora.ts';
import type { FolderReader } from '../ports.ts';
import { mergePeft } from './merge-peft.ts';
import { loadAdapter } from './peft.ts';

/**
 * `base` with a PEFT adapter on it, next to `base` itself; what the adapter leaves alone is in memory only once. A plain adapter is
 * computed next to its linears; for any other form, the weights that it changes are copied. Disposed before `base`, which owns the rest.
 * Not for adapters that bring a reward head.
 */
export async function adaptedBeside(base: CausalLm, reader: FolderReader): Promise<CausalLm> {
  // Its place is taken; it has no weights of its own to take along.
  const view = sharedWith(base);
  try {
    return await loadAdapter(view, reader);
  } catch (error) {
    // Not a plain adapter; if something is wrong with it altogether, the merge says so.
    if (!(error instanceof WorkbenchError)) throw error;
    return await mergePeft(view, reader);
  } finally {
    view.dispose();
  }
}
