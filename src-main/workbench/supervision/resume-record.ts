import type { TrainJob } from '../../shared/domain/jobs.ts';
import type { Core } from '../core.ts';
import { agreeOnRecord } from './agree.ts';
import { addOwnEvents } from './own-events.ts';
import { goesOnFrom } from '../../trainer/checkpoint-folder.ts';
import { resumePoint } from './resume-point.ts';

/**
 * What a trainer has to know of the run before it adds to it: the end of a record on which folder and store agree, and the checkpoint
 * to continue from. What had to be repaired or passed over is said in the record itself.
 */
export async function resumeRecord(
  core: Core,
  run: { id: string; folder: string },
  resume: boolean,
): Promise<NonNullable<TrainJob['record']>> {
  const { lastSeq, repairs } = await agreeOnRecord(core, run);
  const { step, damages } = resume ? await resumePoint(core, run) : { step: null, damages: [] };
  const said = damages.length === 0 ? repairs : [...repairs, ...damages, goesOnFrom(step)];
  if (said.length === 0) return { lastSeq, checkpoint: step };
  const notes = said.map((message) => ({ type: 'log', level: 'warning', message }) as const);
  return { lastSeq: await addOwnEvents(core, run, notes), checkpoint: step };
}
