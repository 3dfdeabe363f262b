import type { RunRecord } from '../../shared/domain/entities.ts';
import { shownEvent } from '../../shared/domain/trainer-events.ts';
import { keepAddress, keepRun, requireOwnAddress } from '../../system/alert-address.ts';
import { findSuspects } from '../data/suspects.ts';
import { interpolateRun } from '../merging/run-path.ts';
import { runSpecJsonSchema } from '../runs/spec-schema.ts';
import type { Services } from '../services.ts';
import { lastModel, nothing, present, started } from './answers.ts';
import type { Handlers } from './dispatch.ts';

type RunHandlers = Pick<Handlers, Extract<keyof Handlers, `runs.${string}` | `checkpoints.${string}`>>;

/** Runs of every place, and their checkpoints. */
export function runHandlers(services: Pick<Services, 'core' | 'runs' | 'comparisons' | 'madeModels' | 'alerts'>) {
  const { core, runs, comparisons, madeModels, alerts } = services;
  const { store } = core;
  /** The address is looked at before anything starts, and kept for this person: a run that outlives the program keeps telling. */
  async function telling<T extends RunRecord | RunRecord[]>(
    webhook: string | undefined,
    start: () => Promise<T>,
  ): Promise<T> {
    if (webhook === undefined) return start();
    requireOwnAddress(webhook);
    const begun = await start();
    keepAddress(webhook);
    for (const { id } of [begun].flat()) keepRun(id);
    return begun;
  }
  return {
    'runs.list': () => runs.list(),
    'runs.get': ({ runId }) => runs.get(runId),
    'runs.schema': () => Promise.resolve(runSpecJsonSchema()),
    'runs.check': ({ input, parentRunId, estimate }) => runs.check(input, parentRunId, estimate),
    'runs.launch': ({ input, alertsTo, ...options }) => telling(alertsTo, () => runs.launch(input, options)),
    'runs.sweep': ({ input, vary, alertsTo, ...options }) => telling(alertsTo, () => runs.sweep(input, vary, options)),
    'runs.stop': ({ runId }) => nothing(runs.ask(runId, 'stop')),
    'runs.pause': ({ runId }) => nothing(runs.ask(runId, 'pause')),
    'runs.unpause': ({ runId }) => nothing(runs.ask(runId, 'resume')),
    'runs.resume': ({ runId, alertsTo }) => telling(alertsTo, () => runs.resume(runId)),
    'runs.remove': ({ runId }) => nothing(runs.remove(runId)),
    'runs.annotate': ({ runId, ...change }) => runs.annotate(runId, present(change)),
    'runs.interpolate': async ({ runId, fractions }) => {
      const run = await runs.get(runId);
      const head = { kind: 'interpolation', title: `Path of ${run.name}` } as const;
      return started(
        core.jobs.start(head, async (task) => lastModel(await interpolateRun(core, madeModels, run, fractions, task))),
      );
    },
    'runs.metrics': ({ runId, ...options }) => store.runMetrics(runId, present(options)),
    'runs.events': async ({ runId, afterSeq, limit }) =>
      (await store.runEvents(runId, afterSeq, limit)).map(shownEvent).filter((event) => event !== null),
    'runs.clock': ({ runId }) => store.runClock(runId),
    'runs.sources': ({ runId, points }) => store.runSources(runId, points),
    'runs.answeredPrompts': ({ runId, after = null, limit }) => store.answeredPrompts(runId, after, limit),
    'runs.promptAnswers': ({ runId, sampleId }) => store.promptAnswers(runId, sampleId),
    'runs.flipMeter': async ({ runId }) => {
      const title = `Flips of ${(await runs.get(runId)).name}`;
      return core.computations.ask({ kind: 'flip-meter', title }, runId, (task) => runs.flipMeter(runId, task));
    },
    'runs.alerts': ({ runId }) => store.listAlerts(runId),
    'runs.silentAlerts': ({ runId }) => alerts.silent(runId),
    'runs.suspects': async ({ runId, ...choice }) => {
      const run = await runs.get(runId);
      return core.computations.ask({ kind: 'suspects', title: `Suspects of ${run.name}` }, [run, choice], (task) =>
        findSuspects({ core, comparisons }, run, choice, task),
      );
    },
    'checkpoints.list': ({ runId }) => store.listCheckpoints(runId),
  } satisfies RunHandlers;
}
