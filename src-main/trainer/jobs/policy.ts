import { isRewardAdapter, loadAdapter } from '../../engine/checkpoint/peft.ts';
import type { CausalLm } from '../../engine/models/causal-lm.ts';
import { addAdapter } from '../../engine/models/lora.ts';
import { createRandom } from '../../engine/random.ts';
import { toRewardModel } from '../../engine/reward-model.ts';
import type { Tokenizer } from '../../engine/tokenizer/tokenizer.ts';
import { openTokenizer } from '../patterns.ts';
import type { RunSpec } from '../../shared/domain/run-spec.ts';
import type { JobContext } from '../job-context.ts';
import { loadWeights } from '../loading.ts';
import { openFolder } from '../node-folders.ts';

/** The model a run trains: from its start, or as a checkpoint of its own left it. */
export async function loadPolicy(
  spec: RunSpec,
  tokenizer: Tokenizer,
  modelPath: string,
  checkpoint: string | null,
  context: JobContext,
): Promise<CausalLm> {
  const { tuning, algorithm, seed } = spec;
  const withHead = (model: CausalLm) =>
    algorithm.kind === 'reward' ? toRewardModel(model, tokenizer, createRandom(seed, 'reward head')) : model;
  if (tuning.kind === 'full') return withHead(await loadWeights(checkpoint ?? modelPath, context, { trainable: true }));
  const base = withHead(await loadWeights(modelPath, context));
  if (checkpoint !== null) return loadAdapter(base, openFolder(checkpoint));
  const { rank, alpha, dropout, targets } = tuning;
  return addAdapter(base, { rank, alpha, dropout, targets }, createRandom(seed, 'adapter'));
}

/** A frozen base with an adapter on it, and with a score head where the adapter brings one. */
export async function loadAdapted(basePath: string, adapterPath: string, context: JobContext): Promise<CausalLm> {
  const [baseFolder, adapterFolder] = [openFolder(basePath), openFolder(adapterPath)];
  const base = await loadWeights(basePath, context);
  const needsHead = await isRewardAdapter(adapterFolder);
  // The head's start does not matter: the adapter's own takes its place.
  const carrier = needsHead ? toRewardModel(base, await openTokenizer(baseFolder), createRandom(0)) : base;
  return loadAdapter(carrier, adapterFolder);
}
