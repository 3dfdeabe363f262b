import { loadModel } from '../engine/checkpoint/load-model.ts';
import type { CausalLm } from '../engine/models/causal-lm.ts';
import { WorkbenchError } from '../shared/domain/errors.ts';
import { type JobContext, progressOf } from './job-context.ts';
import { openFolder } from './node-folders.ts';

/** Smaller models are there at once. */
const toldFromBytes = 1 << 26;

interface Loading {
  /** By default every weight is frozen. */
  trainable?: boolean;
  /** Whether somebody waits for it still; asked between pieces. */
  wanted?: () => boolean;
}

/** The model of a folder, with progress by bytes; a job that is stopped, or a model that nobody wants any more, ends the loading. */
export async function loadWeights(
  folder: string,
  context: JobContext,
  { trainable = false, wanted = () => true }: Loading = {},
): Promise<CausalLm> {
  const told = progressOf(context, 'loading', { unit: 'bytes', fromTotal: toldFromBytes });
  const onBytes = async (done: number, total: number) => {
    await told(done, total);
    if (!wanted()) throw new WorkbenchError('cancelled', 'Nobody waits for the model any more.');
  };
  return loadModel(openFolder(folder), { trainable, onBytes });
}
