import { isDeepStrictEqual } from 'node:util';
import type { RunRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { hasEnded } from '../../shared/domain/run-states.ts';
import type { EventBus } from '../contract/event-bus.ts';
import type { Runs } from '../runs/runs.ts';
import { throwIfCancelled } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';

/** Trains what is not trained yet, once: a run that was interrupted continues. */
export interface Trainings {
  runs: Runs;
  bus: EventBus;
  /** All runs of a study share it. */
  studyId: string;
  site: string | undefined;
}

/** The run of these settings in this study, whatever it is called now; null where there is none. */
export async function knownRun(
  { runs, studyId }: Pick<Trainings, 'runs' | 'studyId'>,
  spec: Record<string, unknown>,
): Promise<RunRecord | null> {
  const all = await runs.list();
  return all.find((run) => run.sweepId === studyId && isDeepStrictEqual(nameless(run.spec), nameless(spec))) ?? null;
}

function nameless(spec: object): unknown {
  const { name: _name, ...rest } = JSON.parse(JSON.stringify(spec)) as Record<string, unknown>;
  return rest;
}

/** Brings the run of a spec to its end, from wherever it is, and returns it; it may have failed. */
export async function trained(trainings: Trainings, spec: Record<string, unknown>, task: Task): Promise<RunRecord> {
  const { runs, studyId, site } = trainings;
  throwIfCancelled(task);
  const known = await knownRun(trainings, spec);
  if (known?.status === 'finished') return known;
  if (known !== null && !hasEnded(known.status) && !runs.looksAfter(known.id)) {
    throw new WorkbenchError('conflict', `“${known.name}” is ${known.status} in another program.`, {
      remedy: 'Run the study again when it has ended.',
    });
  }
  const run =
    known === null
      ? await runs.launch({ spec }, { relation: 'sweep', sweepId: studyId, ...(site === undefined ? {} : { site }) })
      : hasEnded(known.status)
        ? await runs.resume(known.id)
        : known;
  return awaited(trainings, run, task);
}

/** Tells its steps as progress; a cancel stops it after the step at hand, with a checkpoint. */
async function awaited({ runs, bus, site }: Trainings, run: RunRecord, task: Task): Promise<RunRecord> {
  const unsubscribe = bus.subscribe((event) => {
    if (event.topic !== 'run' || event.run.id !== run.id) return;
    const { step, totalSteps } = event.run;
    task.progress(`training ${run.name}`, totalSteps === null ? 0 : step / totalSteps);
  });
  const left = Promise.withResolvers<never>();
  const stop = (): void => {
    // A run at a site needs nobody here.
    if (site !== undefined) left.reject(new WorkbenchError('cancelled', 'Cancelled.'));
    // A run that cannot be stopped any more has ended.
    else runs.ask(run.id, 'stop').catch(() => {});
  };
  task.signal.addEventListener('abort', stop, { once: true });
  try {
    const ended = await Promise.race([runs.ended(run.id), left.promise]);
    throwIfCancelled(task);
    return ended;
  } finally {
    task.signal.removeEventListener('abort', stop);
    unsubscribe();
  }
}
