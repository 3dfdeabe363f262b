import { loadModel } from '../../engine/checkpoint/load-model.ts';
import { loadAdapter } from '../../engine/checkpoint/peft.ts';
import type { CausalLm } from '../../engine/models/causal-lm.ts';
import { addAdapter } from '../../engine/models/lora.ts';
import { createRandom } from '../../engine/random.ts';
import { toRewardModel } from '../../engine/reward-model.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { RunSpec } from '../../shared/domain/run-spec.ts';
import { openFolder } from '../node-folders.ts';

/** The model a run trains: from its start, or as a checkpoint of its own left it. */
export async function loadPolicy(spec: RunSpec, modelPath: string, checkpoint: string | null): Promise<CausalLm> {
  const { tuning, algorithm, seed } = spec;
  if (tuning.kind === 'full') {
    const model = await loadModel(openFolder(checkpoint ?? modelPath));
    return algorithm.kind === 'reward' ? toRewardModel(model, createRandom(seed, 'reward head')) : model;
  }
  if (algorithm.kind === 'reward') {
    throw new WorkbenchError(
      'unsupported',
      'A reward model cannot be trained as an adapter: its new head has no place in one.',
      {
        remedy: 'Set tuning.kind to full.',
        place: { field: 'tuning.kind' },
      },
    );
  }
  const base = await loadModel(openFolder(modelPath), { trainable: false });
  if (checkpoint !== null) return loadAdapter(base, openFolder(checkpoint));
  const { rank, alpha, dropout, targets } = tuning;
  return addAdapter(base, { rank, alpha, dropout, targets }, createRandom(seed, 'adapter'));
}
