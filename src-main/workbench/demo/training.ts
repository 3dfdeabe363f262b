import type { ModelRecord, RunRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { RunSpecInput } from '../../shared/domain/run-spec.ts';
import { partOf, throwIfCancelled } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';
import type { Workbench } from '../workbench.ts';
import type { Material } from './material.ts';
import { beta, methods, onPolicyRate, pairTokens, sampledTokens } from './settings.ts';
import type { DemoSettings, Method } from './settings.ts';

/** What all runs of a demo share. */
export interface Recipe {
  model: ModelRecord;
  material: Material;
  settings: DemoSettings;
  /** Of the order of pairs. */
  seed: number;
}

export async function trainAll(workbench: Workbench, recipe: Recipe, task: Task): Promise<RunRecord[]> {
  const runs: RunRecord[] = [];
  for (const [index, method] of methods.entries()) {
    throwIfCancelled(task);
    const part = partOf(task, index / methods.length, (index + 1) / methods.length);
    runs.push(await trainOne(workbench, specOf(method, recipe), part));
  }
  return runs;
}

export function specOf(method: Method, { model, material, settings, seed }: Recipe): RunSpecInput {
  const { words, cloze, greedy, sampled } = material.suites;
  const { learningRate, steps, samplesPerPrompt, checkpointEvery } = settings;
  return {
    name: method.name,
    model: model.name,
    dataset: { train: material.dataset },
    algorithm:
      method.onPolicy === true
        ? { kind: 'online-dpo', reward: { kind: 'lexicon' }, samplesPerPrompt, beta, maxNewTokens: sampledTokens }
        : { kind: 'dpo', beta },
    ...(method.guard === undefined ? {} : { guard: method.guard }),
    optimizer: { learningRate: method.onPolicy === true ? onPolicyRate * learningRate : learningRate },
    batch: { size: 8, maxLength: pairTokens },
    steps,
    seed,
    evaluate: { suites: [words, cloze, greedy, sampled], kl: true },
    checkpoint: { every: checkpointEvery, keep: 'all' },
  };
}

/** Launches a run and waits for its end, telling its steps as progress; a cancel stops it after its step. */
export async function trainOne(
  workbench: Workbench,
  spec: RunSpecInput,
  task: Task,
  options: { parentRunId?: string } = {},
): Promise<RunRecord> {
  const run = await workbench.runs.launch({ spec: spec as Record<string, unknown> }, options);
  const unsubscribe = workbench.subscribe((event) => {
    if (event.topic !== 'run' || event.run.id !== run.id) return;
    const { step, totalSteps } = event.run;
    task.progress(`training ${spec.name}`, totalSteps === null ? 0 : step / totalSteps);
  });
  const stop = (): void => {
    // A run that cannot be stopped any more has ended.
    workbench.runs.ask(run.id, 'stop').catch(() => {});
  };
  task.signal.addEventListener('abort', stop, { once: true });
  try {
    const ended = await workbench.runs.ended(run.id);
    throwIfCancelled(task);
    if (ended.status === 'finished') return ended;
    throw ended.error === null
      ? new WorkbenchError('conflict', `The run “${run.name}” was ${ended.status}, so the demo stops here.`)
      : WorkbenchError.fromReport(ended.error);
  } finally {
    task.signal.removeEventListener('abort', stop);
    unsubscribe();
  }
}
