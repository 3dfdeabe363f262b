import { isServed } from '../../endpoints/served-names.ts';
import type { Endpoint } from '../../shared/domain/endpoints.ts';
import { holdsAnything, surveyTrainerFolder } from '../../imports/trainer-folder/trainer-folder.ts';
import type { TrainerFolder } from '../../imports/trainer-folder/trainer-folder.ts';
import type { FlipMeterPoint } from '../../shared/contract/views.ts';
import type { EvaluationRecord, RunRecord, SuiteRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError, reportOf } from '../../shared/domain/errors.ts';
import { elsewhere } from '../../shared/domain/run-origin.ts';
import { hasEnded } from '../../shared/domain/run-states.ts';
import { flipMeter } from '../runs/flip-meter.ts';
import { addOwnEvents } from '../supervision/own-events.ts';
import type { Claim } from '../supervision/claim.ts';
import type { Task } from '../supervision/task.ts';
import { existing, findByName } from '../workspace/names.ts';
import { endWhereItStands, notSaid, own } from './followed-run.ts';
import type { FollowingParts } from './followed-run.ts';
import { foreignEventsFile } from './foreign-events.ts';
import { openForeignRun } from './open-run.ts';
import type { ForeignRunOptions } from './open-run.ts';
import { isDone, startOf, takeInFolder } from './take-in.ts';

export interface WatchOptions extends ForeignRunOptions {
  /** Between two looks at the folder. */
  paceMs: number;
  /** The server that has the weights of a step, asked instead of loading them; null for a step that it never has. */
  through?: ((step: number) => Endpoint | null) | undefined;
  /** Called with each sentence that a person should read. */
  say(sentence: string): void;
  /** Called when an evaluation is done, with the flip meter as it is then. */
  onEvaluated(evaluation: EvaluationRecord, meter: readonly FlipMeterPoint[], run: RunRecord): Promise<void> | void;
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
  const given = new Set<string>();
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
        if (taken.grew) await options.onGrown?.(taken.run, await broughtFlips(taken.run));
        await evaluateNew(parts, watching.run, { suites, given, isLast: ended }, options, task);
        // Its end was said after the folder was looked through: what came in between is looked for once more.
        if (hasEnded(watching.run.status) && ended) break;
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

/** Each checkpoint on each suite, in the order of steps and once (`given`: what failed and is not tried again): first the model it began with, where that is here. */
async function evaluateNew(
  parts: FollowingParts,
  run: RunRecord,
  { suites, given, isLast }: { suites: readonly SuiteRecord[]; given: Set<string>; isLast: boolean },
  options: WatchOptions,
  task: Task,
): Promise<void> {
  const { core, evaluations, comparisons } = parts;
  if (suites.length === 0) return;
  const done = await core.store.listEvaluations({ runId: run.id });
  const has = (step: number, suite: SuiteRecord) =>
    given.has(`${step} ${suite.id}`) || done.some((one) => one.step === step && one.suiteId === suite.id);
  const there = (await core.store.listCheckpoints(run.id)).filter(({ state }) => state === 'present');
  const steps = [...(run.modelId === elsewhere ? [] : [0]), ...there.map(({ step }) => step)];
  for (const step of steps) {
    const through = options.through?.(step);
    if (through === null) continue;
    for (const suite of suites) {
      if (task.signal.aborted || has(step, suite)) continue;
      if (through !== undefined && !(await isThere(through, step, suite))) continue;
      try {
        const target = step === 0 ? run.modelId : `${run.id}@${step}`;
        const at = { say: options.say, through, ...(step === 0 ? { startOf: run } : {}) };
        const evaluation = await evaluations.evaluate(target, suite.id, at, task);
        await options.onEvaluated(evaluation, await flipMeter(core, comparisons, run.id, task), run);
      } catch (error) {
        const report = reportOf(error);
        if (report.code === 'cancelled') return;
        // It was deleted while it waited, or cannot be loaded: the others go on.
        options.say(`Step ${step} was not evaluated on “${suite.name}”: ${report.message}`);
        given.add(`${step} ${suite.id}`);
      }
    }
  }

  /** A server may get a checkpoint later than its folder has it: it is waited for, until the training has ended. */
  async function isThere(endpoint: Endpoint, step: number, suite: SuiteRecord): Promise<boolean> {
    const state = await isServed(endpoint, process.env, task.signal);
    if (state === 'yes' || state === 'unknown' || task.signal.aborted) return !task.signal.aborted;
    const why =
      state === 'no' ? `${endpoint.url} has no model “${endpoint.model}”` : `${endpoint.url} cannot be reached`;
    if (isLast) {
      given.add(`${step} ${suite.id}`);
      options.say(`Step ${step} was not evaluated on “${suite.name}”: ${why}.`);
    } else if (!given.has(`waits ${step}`)) {
      given.add(`waits ${step}`);
      options.say(`Step ${step} waits to be evaluated: ${why} yet.`);
    }
    return false;
  }
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
