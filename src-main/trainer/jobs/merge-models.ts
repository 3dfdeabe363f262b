import { mergeModels } from '../../engine/checkpoint/merge-models.ts';
import type { MergeModelsJob } from '../../shared/domain/jobs.ts';
import { createFolder, openFolder } from '../node-folders.ts';

/** Several models of one make as one model folder. */
export async function runMergeModelsJob({ basePath, models, outPath, ...merge }: MergeModelsJob): Promise<void> {
  const writer = await createFolder(outPath);
  try {
    const sources = models.map(({ path, weight }) => ({ reader: openFolder(path), weight }));
    await mergeModels(openFolder(basePath), { ...merge, models: sources }, writer);
    await writer.commit();
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}
