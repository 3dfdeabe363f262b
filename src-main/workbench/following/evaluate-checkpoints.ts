import { isServed } from '../../endpoints/served-names.ts';
import type { FlipMeterPoint } from '../../shared/contract/views.ts';
import type { Endpoint } from '../../shared/domain/endpoints.ts';
import type { EvaluationRecord, RunRecord, SuiteRecord } from '../../shared/domain/entities.ts';
import { reportOf } from '../../shared/domain/errors.ts';
import { elsewhere } from '../../shared/domain/run-origin.ts';
import { Pending } from '../../system/pending.ts';
import { flipMeter } from '../runs/flip-meter.ts';
import type { Task } from '../supervision/task.ts';
import type { FollowingParts } from './followed-run.ts';

export interface CheckpointOptions {
  /** The server that has the weights of a step, asked instead of loading them; null for a step that it never has. */
  through?: ((step: number) => Endpoint | null) | undefined;
  /** A site evaluates, a job for each checkpoint and suite; what is there when this ends is waited for by the next one. */
  site?: string | undefined;
  /** Called with each sentence that a person should read. */
  say(sentence: string): void;
  /** Called when an evaluation is done, with the flip meter as it is then. */
  onEvaluated(evaluation: EvaluationRecord, meter: readonly FlipMeterPoint[], run: RunRecord): Promise<void> | void;
}

/** Evaluations of a watched run's checkpoints, each on each suite, once. */
export interface CheckpointEvaluations {
  /** What is new, in the order of steps: first the model it began with, where that is here. A site is given it and is not waited for. */
  evaluateNew(run: RunRecord, isLast: boolean, task: Task): Promise<void>;
  /** Resolves once nothing is at a site any more that this watch gave it, or waits for. */
  settled(): Promise<void>;
  /** One after the other: what looks at figures and raises alerts. */
  inTurn(work: () => Promise<void> | void): Promise<void>;
}

/** Jobs of one watch that a site has at once: others want their turn in its queue too. */
const mostAtSite = 8;

export function createCheckpointEvaluations(
  { core, evaluations, comparisons }: FollowingParts,
  suites: readonly SuiteRecord[],
  options: CheckpointOptions,
): CheckpointEvaluations {
  /** What failed, or is under way, is not tried again. */
  const given = new Set<string>();
  const { site } = options;
  const keyOf = (step: number, suite: SuiteRecord) => `${step} ${suite.id}`;
  const failed = new Pending((error) => options.say(reportOf(error).message));
  let turn: Promise<void> = Promise.resolve();
  let atSite = 0;

  function inTurn(work: () => Promise<void> | void): Promise<void> {
    const mine = turn.then(work);
    turn = mine.catch(() => {});
    return mine;
  }

  async function evaluate(run: RunRecord, step: number, suite: SuiteRecord, through: Endpoint | undefined, task: Task) {
    try {
      const target = step === 0 ? run.modelId : `${run.id}@${step}`;
      const at = { say: options.say, through, site, leave: true, ...(step === 0 ? { startOf: run } : {}) };
      const evaluation = await evaluations.evaluate(target, suite.id, at, task);
      await inTurn(async () => {
        await options.onEvaluated(evaluation, await flipMeter(core, comparisons, run.id, task), run);
      });
    } catch (error) {
      const report = reportOf(error);
      if (report.code === 'cancelled' && task.signal.aborted) return;
      // It was deleted while it waited, or cannot be loaded: the others continue.
      const why =
        report.remedy !== undefined && site !== undefined ? `${report.message} ${report.remedy}` : report.message;
      options.say(`Step ${step} was not evaluated on “${suite.name}”: ${why}`);
      given.add(keyOf(step, suite));
    }
  }

  function giveSite(run: RunRecord, step: number, suite: SuiteRecord, task: Task): void {
    atSite += 1;
    given.add(keyOf(step, suite));
    failed.add(
      evaluate(run, step, suite, undefined, task).finally(() => {
        atSite -= 1;
      }),
    );
  }

  return {
    inTurn,
    settled: () => failed.settled(),
    async evaluateNew(run, isLast, task) {
      if (suites.length === 0) return;
      for (;;) {
        const isWhole = await pass(run, isLast, task);
        if (isWhole || !isLast || task.signal.aborted) return;
        // Its training is over: the rest has its turn as soon as the site has room.
        await failed.settled();
      }
    },
  };

  /** False where the site has no room for all. */
  async function pass(run: RunRecord, isLast: boolean, task: Task): Promise<boolean> {
    const done = await core.store.listEvaluations({ runId: run.id });
    const has = (step: number, suite: SuiteRecord) =>
      given.has(keyOf(step, suite)) || done.some((one) => one.step === step && one.suiteId === suite.id);
    const there = (await core.store.listCheckpoints(run.id)).filter(({ state }) => state === 'present');
    const steps = [...(run.modelId === elsewhere ? [] : [0]), ...there.map(({ step }) => step)];
    for (const step of steps) {
      const through = options.through?.(step);
      if (through === null) continue;
      for (const suite of suites) {
        if (task.signal.aborted || has(step, suite)) continue;
        if (site !== undefined && atSite >= mostAtSite) return false;
        if (site !== undefined) giveSite(run, step, suite, task);
        else if (through === undefined || (await isThere(through, step, suite, isLast, task))) {
          await evaluate(run, step, suite, through, task);
        }
      }
    }
    return true;
  }

  /** A server may get a checkpoint later than its folder has it: it is waited for, until the training has ended. */
  async function isThere(
    endpoint: Endpoint,
    step: number,
    suite: SuiteRecord,
    isLast: boolean,
    task: Task,
  ): Promise<boolean> {
    const state = await isServed(endpoint, process.env, task.signal);
    if (state === 'yes' || state === 'unknown' || task.signal.aborted) return !task.signal.aborted;
    const why =
      state === 'no' ? `${endpoint.url} has no model “${endpoint.model}”` : `${endpoint.url} cannot be reached`;
    if (isLast) {
      given.add(keyOf(step, suite));
      options.say(`Step ${step} was not evaluated on “${suite.name}”: ${why}.`);
    } else if (!given.has(`waits ${step}`)) {
      given.add(`waits ${step}`);
      options.say(`Step ${step} waits to be evaluated: ${why} yet.`);
    }
    return false;
  }
}
