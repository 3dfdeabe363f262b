import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { ModelRecord, RunRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { keepDemo } from '../comparing/demo-record.ts';
import { interpolateRun } from '../merging/run-path.ts';
import { partOf, throwIfCancelled } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';
import type { Workbench } from '../workbench.ts';
import { guardRound } from './guard-round.ts';
import type { GuardedRun } from './guard-round.ts';
import { prepareMaterial, writeStories } from './material.ts';
import type { Material } from './material.ts';
import { fullDemo, openingTokens, quickDemo, storyTokens } from './settings.ts';
import type { DemoSettings } from './settings.ts';
import { trainAll } from './training.ts';

export interface DemoOptions {
  quick: boolean;
  /** Of sampling order and training; one in the demo, several for the documentation. */
  seed?: number;
  task: Task;
}

export interface DemoResult {
  reportId: string;
  runIds: string[];
  /** By what they are for; the words have most to say about what broke. */
  suites: Material['suites'];
  /** Null where DPO lost nothing that could be guarded. */
  guarded: GuardedRun | null;
}

/**
 * The whole way once, on real weights: a model's own samples, ranked by how cheerful they are, train it with DPO, with DPO +
 * FlipGuard and with its control, the ungated anchor; online DPO learns from its own answers to the same prompts. Each is measured
 * half-way too, so that they can be held against each other where they have moved equally far, on what the preference does not
 * mention. At last the words that DPO lost are guarded in a relaunch. Answers the ids of what it made.
 */
export async function runDemo(workbench: Workbench, { quick, seed = 0, task }: DemoOptions): Promise<DemoResult> {
  const settings = quick ? quickDemo : fullDemo;
  const [model, stories] = quick
    ? await quickStart(workbench, task)
    : await fullStart(workbench, settings, partOf(task, 0, 0.3));
  const material = await prepareMaterial(workbench, model.id, stories, settings, partOf(task, quick ? 0 : 0.3, 0.4));
  const recipe = { model, material, settings, seed };
  const runs = await trainAll(workbench, recipe, partOf(task, 0.4, 0.8));
  await measureBetween(workbench, runs, settings, partOf(task, 0.8, 0.89));
  const guarded = await guardRound(workbench, recipe, runs, partOf(task, 0.89, 0.97));
  task.progress('writing the report', 0.97);
  const runIds = runs.map(({ id }) => id);
  const withGuarded = guarded === null ? runIds : [...runIds, guarded.runId];
  const report = await workbench.core.jobs.settled(
    workbench.reports.start({
      subject: { kind: 'runs', runIds: withGuarded },
      title: settings.title,
      format: 'html',
      redact: { texts: false, privateTags: [] },
    }).id,
  );
  if (report.error !== null) throw WorkbenchError.fromReport(report.error);
  const reportId = report.result['reportId'] ?? '';
  await keepDemo(workbench.core.store, {
    title: settings.title,
    reportId,
    runIds: withGuarded,
    endedAt: Date.now(),
  });
  workbench.core.bus.publish({ topic: 'changed', lists: ['reports'] });
  return { reportId, runIds, suites: material.suites, guarded };
}

/** The small model and the stories that are part of the product. */
async function quickStart(workbench: Workbench, task: Task): Promise<[ModelRecord, string[]]> {
  const folder = fileURLToPath(new URL('../../../resources/quick-model', import.meta.url));
  const model = await workbench.models.add(folder, { origin: 'demo' }, partOf(task, 0, 0));
  const lines = (await readFile(`${folder}/stories.ndjson`, 'utf8')).trim().split('\n');
  return [model, lines.map((line) => (JSON.parse(line) as { text: string }).text)];
}

async function fullStart(workbench: Workbench, settings: DemoSettings, task: Task): Promise<[ModelRecord, string[]]> {
  const known = (await workbench.models.list()).find(({ name }) => name === 'stories15m');
  const model = known ?? (await workbench.madeModels.fetchDemo('stories15m', partOf(task, 0, 0.4)));
  const whole = { count: settings.checkStories, maxTokens: storyTokens, seed: 1000 };
  const openings = { count: settings.pairStories, maxTokens: openingTokens, seed: 2000 };
  return [
    model,
    [
      ...(await writeStories(workbench, model.id, whole, partOf(task, 0.4, 0.85))),
      ...(await writeStories(workbench, model.id, openings, partOf(task, 0.85, 1))),
    ],
  ];
}

/** The way from the start to each run, in weights: moving less, which needs no training, and each method's own path. */
async function measureBetween(
  { core, madeModels }: Workbench,
  runs: readonly RunRecord[],
  { between }: DemoSettings,
  task: Task,
): Promise<void> {
  for (const [index, run] of runs.entries()) {
    throwIfCancelled(task);
    const part = partOf(task, index / runs.length, (index + 1) / runs.length);
    await interpolateRun(core, madeModels, run, between, part);
  }
}
