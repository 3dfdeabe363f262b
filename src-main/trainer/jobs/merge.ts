import { loadModel } from '../../engine/checkpoint/load-model.ts';
import { loadAdapter } from '../../engine/checkpoint/peft.ts';
import { saveModel } from '../../engine/checkpoint/save-model.ts';
import { mergeAdapter } from '../../engine/models/lora.ts';
import type { MergeJob } from '../../shared/domain/jobs.ts';
import { createFolder, openFolder } from '../node-folders.ts';

/** An adapter added into the weights it was trained on, as a model folder. */
export async function runMergeJob(job: MergeJob): Promise<void> {
  const base = openFolder(job.modelPath);
  const adapted = await loadAdapter(await loadModel(base, { trainable: false }), openFolder(job.adapterPath));
  const merged = mergeAdapter(adapted);
  const writer = await createFolder(job.outPath);
  try {
    await saveModel(merged, base, writer);
    await writer.commit();
  } catch (error) {
    await writer.abandon();
    throw error;
  } finally {
    merged.dispose();
  }
}
