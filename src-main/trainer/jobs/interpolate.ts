import { interpolateCheckpoints } from '../../engine/checkpoint/interpolate.ts';
import type { InterpolateJob } from '../../shared/domain/jobs.ts';
import { createFolder, openFolder } from '../node-folders.ts';

/** (1 − fraction)·from + fraction·to as a model folder. */
export async function runInterpolateJob(job: InterpolateJob): Promise<void> {
  const writer = await createFolder(job.outPath);
  try {
    await interpolateCheckpoints(openFolder(job.fromPath), openFolder(job.toPath), job.fraction, writer);
    await writer.commit();
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}
