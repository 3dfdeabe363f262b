import { mergePeft } from '../../engine/checkpoint/merge-peft.ts';
import { isRewardAdapter } from '../../engine/checkpoint/peft.ts';
import { saveModel } from '../../engine/checkpoint/save-model.ts';
import type { CausalLm } from '../../engine/models/causal-lm.ts';
import { mergeAdapter } from '../../engine/models/lora.ts';
import type { MergeJob } from '../../shared/domain/jobs.ts';
import type { JobContext } from '../job-context.ts';
import { loadWeights } from '../loading.ts';
import { createFolder, openFolder } from '../node-folders.ts';
import { loadAdapted } from './policy.ts';

/** An adapter added into the weights it was trained on, as a model folder. */
export async function runMergeJob(job: MergeJob, context: JobContext): Promise<void> {
  const merged = await mergedModel(job, context);
  const writer = await createFolder(job.outPath);
  try {
    await saveModel(merged, openFolder(job.modelPath), writer);
    await writer.commit();
  } catch (error) {
    await writer.abandon();
    throw error;
  } finally {
    merged.dispose();
  }
}

async function mergedModel(
  { modelPath, adapterPath, foreign = false }: MergeJob,
  context: JobContext,
): Promise<CausalLm> {
  const adapter = openFolder(adapterPath);
  // A reward model's adapter brings its head along, and needs a model with one.
  if (!foreign || (await isRewardAdapter(adapter)))
    return mergeAdapter(await loadAdapted(modelPath, adapterPath, context));
  const base = await loadWeights(modelPath, context);
  try {
    return await mergePeft(base, adapter);
  } catch (error) {
    base.dispose();
    throw error;
  }
}
