import { fetchStories15m } from '../../src-main/workbench/models/demo-model.ts';
import { sharedCacheFolder } from '../../src-main/workbench/workspace/workspace-layout.ts';
import { WorkbenchError } from '../../src-main/shared/domain/errors.ts';

/** The folder of stories15M, fetched the first time; or why it cannot be had here, for a test to say when it skips. */
export async function findStories15m(): Promise<{ folder: string } | { folder: null; reason: string }> {
  try {
    return { folder: await fetchStories15m({ cacheFolder: sharedCacheFolder() }) };
  } catch (error) {
    if (error instanceof WorkbenchError && error.code === 'unavailable') return { folder: null, reason: error.message };
    throw error;
  }
}
