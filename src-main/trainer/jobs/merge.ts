import { saveModel } from '../../engine/checkpoint/save-model.ts';
import { mergeAdapter } from '../../engine/models/lora.ts';
import type { MergeJob } from '../../shared/domain/jobs.ts';
import { createFolder, openFolder } from '../node-folders.ts';
import { loadAdapted } from './policy.ts';

/** An adapter added into the weights it was trained on, as a model folder. */
export async function runMergeJob(job: MergeJob): Promise<void> {
  const merged = mergeAdapter(await loadAdapted(job.modelPath, job.adapterPath));
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
