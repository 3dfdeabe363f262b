import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { quietTask } from '../../../src-main/workbench/supervision/task.ts';
import { describe, expect, test } from 'vitest';
import type { RunRecord } from '../../../src-main/shared/domain/entities.ts';
import type { ShownEvent, TrainerEvent } from '../../../src-main/shared/domain/trainer-events.ts';
import { launchNodeTrainer } from '../../../src-main/trainer/node-child.ts';
import type { TrainerChild } from '../../../src-main/trainer/host.ts';
import type { Workbench } from '../../../src-main/workbench/workbench.ts';
import {
  addTrainingMaterial,
  openTestWorkbench,
  smallModel,
  tinySpec,
  withSmallModel,
} from '../../helpers/workbench.ts';

/** What the run folder holds: the record that everything else is checked against. */
function eventsOnDisk(workbench: Workbench, run: RunRecord): TrainerEvent[] {
  const file = path.join(workbench.core.layout.root, run.folder, 'events.ndjson');
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as TrainerEvent);
}

/** Resolves when the run has told an event that fits. */
function untilEvent(workbench: Workbench, fits: (event: ShownEvent) => boolean): Promise<ShownEvent> {
  return new Promise((resolve) => {
    const unsubscribe = workbench.subscribe((event) => {
      const found = event.topic === 'run-events' ? event.events.find(fits) : undefined;
      if (found === undefined) return;
      unsubscribe();
      resolve(found);
    });
  });
}
const isStep = (step: number) => (event: ShownEvent) => event.type === 'step' && event.step >= step;

/** Losses by step, as the store has them. */
async function lossesOf(workbench: Workbench, runId: string): Promise<Map<number, number | null>> {
  const [series] = await workbench.core.store.runMetrics(runId, { names: ['loss'], points: 1000 });
  return new Map(series?.steps.map((step, i) => [step, series.values[i] ?? null]));
}

describe.skipIf(smallModel === null)(`runs${withSmallModel}`, () => {
  test('a run trains, evaluates, keeps checkpoints, and meters its flips', async () => {
    const workbench = await openTestWorkbench();
    await addTrainingMaterial(workbench, smallModel ?? '');
    const statuses: string[] = [];
    workbench.subscribe((event) => {
      if (event.topic === 'run' && statuses.at(-1) !== event.run.status) statuses.push(event.run.status);
    });
    const launched = await workbench.runs.launch({ spec: tinySpec() });
    const run = await workbench.runs.ended(launched.id);
    expect(run).toMatchObject({ status: 'finished', step: 6, error: null, totalSteps: 6 });
    expect(statuses).toEqual(['queued', 'starting', 'running', 'finished']);
    expect(run.lastSeq).toBe(eventsOnDisk(workbench, run).at(-1)?.seq);
    const evaluations = await workbench.evaluations.list({ runId: run.id });
    const steps = evaluations.map(({ suiteKind, step, samples }) => `${suiteKind} ${step} ${samples > 0}`).sort();
    expect(steps).toEqual([
      'pairs 0 true',
      'pairs 3 true',
      'pairs 6 true',
      'words 0 true',
      'words 3 true',
      'words 6 true',
    ]);
    const checkpoints = await workbench.core.store.listCheckpoints(run.id);
    expect(checkpoints.map(({ step }) => step).sort()).toEqual([2, 4, 6]);
    const first = checkpoints.find(({ step }) => step === 2);
    const weights = path.join(workbench.core.layout.root, first?.path ?? '', 'model.safetensors');
    const bytes = readFileSync(weights);
    bytes[bytes.length - 5] = (bytes.at(-5) ?? 0) ^ 0x40;
    writeFileSync(weights, bytes);
    // A damaged checkpoint is not measured as if it were the model that was trained; a sound one is.
    await expect(workbench.evaluations.evaluate(`${run.name}@2`, 'words', {}, quietTask())).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringMatching(/sha256 does not match/) as unknown,
    });
    const meter = await workbench.runs.flipMeter(run.id, quietTask());
    expect(meter.map(({ step }) => step)).toEqual(expect.arrayContaining([3, 6]));
    for (const { n, negative, nfr } of meter) expect(nfr.value).toBeCloseTo(n === 0 ? 0 : negative / n, 12);
    await expect(workbench.runs.resume(run.id)).rejects.toMatchObject({ code: 'conflict' });
  });

  test('a run pauses, continues, and stops after its step with a checkpoint', async () => {
    const workbench = await openTestWorkbench();
    await addTrainingMaterial(workbench, smallModel ?? '');
    const run = await workbench.runs.launch({
      spec: tinySpec({ steps: 500, evaluate: { suites: [] }, checkpoint: {} }),
    });
    await untilEvent(workbench, isStep(2));
    const paused = untilEvent(workbench, ({ type }) => type === 'paused');
    await workbench.runs.ask(run.id, 'pause');
    await paused;
    expect((await workbench.runs.get(run.id)).status).toBe('paused');
    const goesOn = untilEvent(workbench, ({ type }) => type === 'resumed');
    await workbench.runs.ask(run.id, 'resume');
    await goesOn;
    await workbench.runs.ask(run.id, 'stop');
    const stopped = await workbench.runs.ended(run.id);
    expect(stopped.status).toBe('stopped');
    expect(stopped.step).toBeLessThan(500);
    const [checkpoint] = await workbench.core.store.listCheckpoints(run.id);
    expect(checkpoint?.step).toBe(stopped.step);
    await expect(workbench.runs.ask(run.id, 'stop')).rejects.toMatchObject({ code: 'conflict' });
  });

  test('a killed trainer leaves an interrupted run that continues as if nothing had happened', async () => {
    const children: TrainerChild[] = [];
    const launchTrainer = () => {
      const child = launchNodeTrainer();
      children.push(child);
      return child;
    };
    const workbench = await openTestWorkbench({ launchTrainer });
    await addTrainingMaterial(workbench, smallModel ?? '');
    const spec = tinySpec({ steps: 8, checkpoint: { every: 3 }, evaluate: { suites: ['words'] } });
    const whole = await workbench.runs.launch({ spec });
    await workbench.runs.ended(whole.id);
    const run = await workbench.runs.launch({ spec });
    await untilEvent(workbench, ({ type }) => type === 'checkpoint');
    children.at(-1)?.kill();
    const killed = await workbench.runs.ended(run.id);
    expect(killed).toMatchObject({ status: 'interrupted', error: { code: 'internal' } });
    // Everything the folder holds is in the store: what was written before it was said is not lost.
    expect(killed.lastSeq).toBe(eventsOnDisk(workbench, killed).at(-1)?.seq);
    // A power cut on top: the file is behind the store, and a bit of the newest checkpoint has flipped.
    const folder = path.join(workbench.core.layout.root, run.folder);
    const lines = readFileSync(path.join(folder, 'events.ndjson'), 'utf8').split('\n');
    writeFileSync(path.join(folder, 'events.ndjson'), `${lines.slice(0, 4).join('\n')}\n`);
    const weights = path.join(folder, 'checkpoints/3/model.safetensors');
    const bytes = readFileSync(weights);
    bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 0x40, bytes.length >> 1);
    writeFileSync(weights, bytes);
    const damage = untilEvent(workbench, (event) => event.type === 'log' && event.message.includes('damaged'));
    await workbench.runs.resume(run.id);
    expect(await damage).toMatchObject({
      message: 'checkpoints/3/model.safetensors is damaged: its sha256 does not match what was recorded.',
    });
    expect(await workbench.runs.ended(run.id)).toMatchObject({ status: 'finished', step: 8, error: null });
    const steps = (await workbench.core.store.listCheckpoints(run.id)).map(({ step }) => step);
    expect(steps).toEqual([3, 6, 8]);
    expect(eventsOnDisk(workbench, run).map(({ seq }) => seq)).toEqual(
      eventsOnDisk(workbench, run).map((_, i) => i + 1),
    );
    const [expected, resumed] = [await lossesOf(workbench, whole.id), await lossesOf(workbench, run.id)];
    expect([...resumed.keys()]).toEqual([...expected.keys()]);
    for (const [step, loss] of resumed) expect(loss).toBeCloseTo(expected.get(step) ?? NaN, 5);
  });

  test('a trainer that memory ended leaves a failed run that says where, and what would need less', async () => {
    const children: TrainerChild[] = [];
    const launchTrainer = () => {
      const child = launchNodeTrainer();
      children.push(child);
      return { ...child, stderrTail: () => "terminate called after throwing an instance of 'std::bad_alloc'\n" };
    };
    const workbench = await openTestWorkbench({ launchTrainer });
    await addTrainingMaterial(workbench, smallModel ?? '');
    const spec = tinySpec({ steps: 400, checkpoint: { every: 2 }, evaluate: { suites: [] } });
    const launched = await workbench.runs.launch({ spec });
    await untilEvent(workbench, isStep(5));
    children.at(-1)?.kill();
    const failed = await workbench.runs.ended(launched.id);
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'out-of-memory' } });
    expect(failed.error?.remedy).toContain('batch.size (now 2)');
    const events = eventsOnDisk(workbench, failed);
    const last = events.at(-1);
    if (last?.type !== 'failed') throw new Error('the folder holds no word of the failure');
    expect(last.seq).toBe(failed.lastSeq);
    const madeSteps = events.flatMap((event) => (event.type === 'step' ? [event.step] : []));
    const checkpoints = (await workbench.core.store.listCheckpoints(failed.id)).map(({ step }) => step);
    expect(last.lastCheckpointStep).toBe(Math.max(...checkpoints));
    expect(failed.error?.message).toContain(`The last checkpoint is that of step ${last.lastCheckpointStep}.`);
    // Killed in a step or between two: the step under way is named with its samples.
    if (last.sampleIds !== undefined) {
      expect(last.step).toBe(Math.max(...madeSteps) + 1);
      expect(failed.error?.message).toContain(
        `It was in step ${last.step}, on 2 samples: ${last.sampleIds.join(', ')}.`,
      );
    } else expect(failed.error?.message).toContain(`It was after step ${Math.max(...madeSteps)}.`);
    await workbench.runs.resume(failed.id);
    await untilEvent(workbench, isStep(Math.max(...madeSteps) + 1));
    await workbench.runs.ask(failed.id, 'stop');
    expect(await workbench.runs.ended(failed.id)).toMatchObject({ status: 'stopped', error: null });
  });

  test('runs of a sweep wait for each other, and a waiting one can be withdrawn', async () => {
    const workbench = await openTestWorkbench();
    await addTrainingMaterial(workbench, smallModel ?? '');
    const spec = tinySpec({ steps: 2, evaluate: { suites: [] }, checkpoint: {} });
    let training = 0;
    let most = 0;
    workbench.subscribe((event) => {
      if (event.topic !== 'run') return;
      if (event.run.status === 'starting') most = Math.max(most, (training += 1));
      if (event.run.status === 'finished') training -= 1;
    });
    const runs = await workbench.runs.sweep({ spec }, [
      { path: 'guard.weight', values: [0.5] },
      { path: 'seed', values: [0, 1, 2] },
    ]);
    expect(runs.map(({ name }) => name)).toEqual([0, 1, 2].map((seed) => `tiny guard.weight=0.5 seed=${seed}`));
    expect(new Set(runs.map(({ sweepId }) => sweepId)).size).toBe(1);
    await workbench.runs.ask(runs[2]?.id ?? '', 'stop');
    const ended = await Promise.all(runs.map(({ id }) => workbench.runs.ended(id)));
    expect(ended.map(({ status }) => status)).toEqual(['finished', 'finished', 'stopped']);
    expect(ended[2]?.step).toBe(0);
    expect(most).toBe(1);
  });

  test('what cannot be trained says so, and by which path', async () => {
    const workbench = await openTestWorkbench();
    await addTrainingMaterial(workbench, smallModel ?? '');
    const spec = tinySpec({
      model: 'nobody',
      evaluate: { suites: ['words', 'none'] },
      algorithm: { kind: 'sft' },
      guard: { kind: 'none' },
    });
    const check = await workbench.runs.check({ yaml: stringify(spec) });
    expect(check.ok).toBe(false);
    expect(check.issues.map(({ path: at }) => at)).toEqual(['model', 'evaluate.suites.1']);
    const lines = stringify(spec).split('\n');
    expect(check.issues.map(({ line }) => lines[(line ?? 0) - 1]?.trim())).toEqual(['model: nobody', '- none']);
    await expect(workbench.runs.launch({ spec })).rejects.toMatchObject({ code: 'bad-input' });
    expect(await workbench.runs.list()).toEqual([]);
  });
});
