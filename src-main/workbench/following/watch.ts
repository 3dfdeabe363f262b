import { holdsAnything, surveyTrainerFolder } from '../../imports/trainer-folder/trainer-folder.ts';
import type { TrainerFolder } from '../../imports/trainer-folder/trainer-folder.ts';
import type { FlipMeterPoint } from '../../shared/contract/views.ts';
import type { RunRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { hasEnded } from '../../shared/domain/run-states.ts';
import { flipMeter } from '../runs/flip-meter.ts';
import { addOwnEvents } from '../supervision/own-events.ts';
import type { Claim } from '../supervision/claim.ts';
import type { Task } from '../supervision/task.ts';
import { existing, findByName } from '../workspace/names.ts';
import { createCheckpointEvaluations } from './evaluate-checkpoints.ts';
import type { CheckpointOptions } from './evaluate-checkpoints.ts';
import { endWhereItStands, notSaid, own } from './followed-run.ts';
import type { FollowingParts } from './followed-run.ts';
import { foreignEventsFile } from './foreign-events.ts';
import { openForeignRun } from './open-run.ts';
import type { ForeignRunOptions } from './open-run.ts';
import { isDone, startOf, takeInFolder } from './take-in.ts';

export interface WatchOptions extends ForeignRunOptions, CheckpointOptions {
  /** Between two looks at the folder. */
  paceMs: number;
  /** Called when something was taken in; with the flip meter where that brought evaluations, else without points. */
  onGrown?(run: RunRecord, meter: readonly FlipMeterPoint[]): Promise<void> | void;
}

export interface Watched {
  run: RunRecord;
  meter: FlipMeterPoint[];
}

/** Looks at the folder until its training has ended and everything is evaluated. A cancel leaves the training alone. */
export async function watchRun(
  parts: FollowingParts,
  folder: string,
  options: WatchOptions,
  task: Task,
): Promise<Watched> {
  const { core, comparisons } = parts;
  const known = await core.store.listSuites();
  const suites = (options.suites ?? []).map((name) => findByName('suite', known, name));
  const evaluating = createCheckpointEvaluations(parts, suites, options);
  let watching: { run: RunRecord; owner: Claim } | null = null;
  let found = await surveyTrainerFolder(folder);
  let ended = false;
  let brought = 0;
  /** A callback in the trainer brings evaluations of its own. */
  async function broughtFlips(run: RunRecord): Promise<readonly FlipMeterPoint[]> {
    const before = brought;
    brought = (await core.store.listEvaluations({ runId: run.id })).length;
    return brought === before ? [] : flipMeter(core, comparisons, run.id, task);
  }
  try {
    for (;;) {
      if (watching === null && (await hasBegun(found))) watching = await begin(parts, found, options, task);
      if (watching !== null) {
        // A folder that stood still for a whole look is not being written at this moment.
        const taken = await takeInFolder(core, watching.run, found, { settled: isDone(found) }, task);
        watching.run = taken.run;
        taken.said.forEach(options.say);
        const { run, grew } = taken;
        if (grew) await evaluating.inTurn(async () => options.onGrown?.(run, await broughtFlips(run)));
        await evaluating.evaluateNew(watching.run, ended, task);
        // Its end was said after the folder was looked through: what came in between is looked for once more.
        if (hasEnded(watching.run.status) && ended) {
          await evaluating.settled();
          break;
        }
        ended = hasEnded(watching.run.status);
        if (ended) {
          found = await surveyTrainerFolder(folder);
          continue;
        }
      } else task.progress(`waiting for the first checkpoint in ${folder}`, null);
      await rest(options.paceMs, task.signal);
      if (task.signal.aborted) break;
      found = await surveyTrainerFolder(folder);
    }
    if (watching === null) throw new WorkbenchError('cancelled', `Nothing has appeared in ${folder} yet.`);
    const run = await endWhereItStands(core, watching.run, found);
    return { run, meter: await flipMeter(core, comparisons, run.id, task) };
  } catch (error) {
    if (watching !== null) await endWhereItStands(core, watching.run, found).catch(() => watching?.run);
    throw error;
  } finally {
    await evaluating.settled();
    await watching?.owner.release();
  }
}

async function hasBegun(found: TrainerFolder): Promise<boolean> {
  const isWorthARun = found.unusable.every(({ half }) => half) && found.unusable.length > 0;
  if (isWorthARun && found.checkpoints.length + found.entries.length + found.completions.length === 0) return false;
  return holdsAnything(found) || (await foreignEventsFile(found.folder)) !== null;
}

async function begin(parts: FollowingParts, found: TrainerFolder, options: WatchOptions, task: Task) {
  const { core } = parts;
  const run = await openForeignRun(parts, found, options, task);
  const owner = await own(core, run);
  notSaid(run).forEach(options.say);
  // Followed again after a stop: it is shown as running, and nothing of it is forgotten.
  if (run.lastSeq > 0 && run.status !== 'finished') await addOwnEvents(core, run, [startOf(run, found, run.step)]);
  return { run: existing('run', await core.store.getRun(run.id), run.id), owner };
}

function rest(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
  });
}
