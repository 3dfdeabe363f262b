import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { RunRecord } from '../../../src-main/shared/domain/entities.ts';
import type { TrainJob } from '../../../src-main/shared/domain/jobs.ts';
import { superviseTrainer } from '../../../src-main/trainer/host.ts';
import type { TrainerSession } from '../../../src-main/trainer/host.ts';
import { claim } from '../../../src-main/workbench/supervision/claim.ts';
import { createDevice } from '../../../src-main/workbench/supervision/device.ts';
import { createRecovery } from '../../../src-main/workbench/supervision/recover.ts';
import { createRunSupervisor } from '../../../src-main/workbench/supervision/supervisor.ts';
import type { RunSupervisor } from '../../../src-main/workbench/supervision/supervisor.ts';
import { runTrainerJob } from '../../../src-main/workbench/supervision/trainer-jobs.ts';
import { FakeTrainer } from '../../helpers/fake-trainer.ts';
import { openStage } from '../../helpers/supervision.ts';
import type { Stage } from '../../helpers/supervision.ts';
import { temporaryFolder } from '../../helpers/workbench.ts';

afterEach(() => vi.restoreAllMocks());

async function queued(stage: Stage, supervisor: RunSupervisor): Promise<RunRecord> {
  const run = await stage.addRun();
  return supervisor.add(run, await supervisor.own(run), false);
}

/** The run's trainer, once it has its job. */
function trainerOf(stage: Stage, run: RunRecord): Promise<FakeTrainer> {
  return vi.waitUntil(() => stage.children.find(({ job, gone }) => job?.runId === run.id && !gone), soon);
}

/** As long as a busy machine may take. */
const soon = { interval: 2, timeout: 60_000 };
const lockOf = (stage: Stage): string => path.join(stage.core.layout.locks, 'device.lock');
const statusOf = async (stage: Stage, run: RunRecord) => (await stage.core.store.getRun(run.id))?.status;

describe('runs in one program’s care', () => {
  test('stopping a queued run twice takes that run out and no other, and close returns', async () => {
    const stage = await openStage();
    const supervisor = createRunSupervisor(stage.core);
    const [first, second, third] = [
      await queued(stage, supervisor),
      await queued(stage, supervisor),
      await queued(stage, supervisor),
    ];
    await Promise.all([supervisor.ask(second.id, 'stop'), supervisor.ask(second.id, 'stop')]);
    for (const run of [first, third]) {
      const ended = supervisor.ended(run.id);
      (await trainerOf(stage, run)).finish('completed');
      expect((await ended)?.status).toBe('finished');
    }
    expect(await Promise.all([first, second, third].map((run) => statusOf(stage, run)))).toEqual([
      'finished',
      'stopped',
      'finished',
    ]);
    await supervisor.close();
    expect(stage.children).toHaveLength(2);
  });

  test('a run stopped while another program has the device never trains, and the next one does', async () => {
    const stage = await openStage();
    const theirs = await claim(lockOf(stage), 'run “theirs”');
    const supervisor = createRunSupervisor(stage.core);
    const [first, second] = [await queued(stage, supervisor), await queued(stage, supervisor)];
    await supervisor.ask(first.id, 'stop');
    await theirs?.release();
    (await trainerOf(stage, second)).finish('completed');
    await supervisor.ended(second.id);
    expect([await statusOf(stage, first), await statusOf(stage, second)]).toEqual(['stopped', 'finished']);
    expect(stage.children.map(({ job }) => job?.runId)).toEqual([second.id]);
  });

  test('a stop that is wished as the last step lands changes nothing: the run is completed', async () => {
    const stage = await openStage();
    const supervisor = createRunSupervisor(stage.core);
    const run = await queued(stage, supervisor);
    const trainer = await trainerOf(stage, run);
    trainer.start();
    trainer.deaf = true;
    trainer.say({ type: 'finished', outcome: 'completed', step: 9 });
    await vi.waitUntil(async () => (await statusOf(stage, run)) === 'finished', soon);
    const shown: string[] = [];
    stage.core.bus.subscribe((event) => void (event.topic === 'run' && shown.push(event.run.status)));
    await supervisor.ask(run.id, 'stop');
    const ended = supervisor.ended(run.id);
    trainer.exit({ code: 0, signal: null });
    expect((await ended)?.status).toBe('finished');
    expect([await statusOf(stage, run), new Set(shown)]).toEqual(['finished', new Set(['finished'])]);
  });

  test('a stop stays a stop when the trainer continues a little: no event makes it look running again', async () => {
    const stage = await openStage();
    const supervisor = createRunSupervisor(stage.core);
    const run = await queued(stage, supervisor);
    const trainer = await trainerOf(stage, run);
    trainer.deaf = true;
    await supervisor.ask(run.id, 'stop');
    await vi.waitUntil(async () => (await statusOf(stage, run)) === 'stopping', soon);
    trainer.start();
    await vi.waitUntil(async () => (await stage.core.store.getRun(run.id))?.lastSeq === 1, soon);
    expect(await statusOf(stage, run)).toBe('stopping');
    const ended = supervisor.ended(run.id);
    trainer.finish('stopped');
    expect((await ended)?.status).toBe('stopped');
  });

  test('a store that cannot be written ends the run here, frees the device, and hears of it later', async () => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => {});
    const stage = await openStage();
    const supervisor = createRunSupervisor(stage.core);
    const recovery = createRecovery(stage.core, supervisor);
    const [first, second] = [await queued(stage, supervisor), await queued(stage, supervisor)];
    const trainer = await trainerOf(stage, first);
    trainer.start();
    await vi.waitUntil(async () => (await statusOf(stage, first)) === 'running', soon);
    const ends = [first, second].map(({ id }) => supervisor.ended(id));
    stage.broken = true;
    trainer.say({ type: 'log', level: 'info', message: 'nobody can keep this' });
    expect(await ends[0]).toMatchObject({ status: 'failed', error: { code: 'io' } });
    // The next one gets its turn, and fails as well.
    expect(await ends[1]).toMatchObject({ status: 'failed', error: { code: 'io' } });
    expect([trainer.killed, said.mock.calls.length, existsSync(lockOf(stage))]).toEqual([true, 2, false]);
    expect(await statusOf(stage, first)).toBe('running');
    stage.broken = false;
    await recovery.recover();
    expect(await stage.core.store.getRun(first.id)).toMatchObject({
      status: 'failed',
      lastSeq: 2,
      error: { code: 'io' },
    });
    expect(await statusOf(stage, second)).toBe('failed');
    await recovery.close();
    await supervisor.close();
  });

  test('a child that dies before its first word leaves an interrupted run and a free device', async () => {
    const stage = await openStage();
    const supervisor = createRunSupervisor(stage.core);
    const run = await queued(stage, supervisor);
    const ended = supervisor.ended(run.id);
    (await trainerOf(stage, run)).exit({ code: 127, signal: null });
    expect(await ended).toMatchObject({ status: 'interrupted', error: { code: 'internal' } });
    expect([supervisor.has(run.id), existsSync(lockOf(stage))]).toEqual([false, false]);
  });

  test('what cannot be prepared fails in words, and the next run trains', async () => {
    const stage = await openStage();
    const supervisor = createRunSupervisor(stage.core);
    const broken = await stage.addRun();
    writeFileSync(path.join(stage.core.layout.root, broken.folder, 'inputs.json'), '{');
    await supervisor.add(broken, await supervisor.own(broken), false);
    const ended = supervisor.ended(broken.id);
    const run = await queued(stage, supervisor);
    expect(await ended).toMatchObject({ status: 'failed', error: { code: 'corrupt' } });
    const completed = supervisor.ended(run.id);
    (await trainerOf(stage, run)).finish('completed');
    expect((await completed)?.status).toBe('finished');
  });

  test('closing stops what trains and interrupts what waits; nothing is taken in afterwards', async () => {
    const stage = await openStage();
    const supervisor = createRunSupervisor(stage.core);
    const [training, waiting] = [await queued(stage, supervisor), await queued(stage, supervisor)];
    await trainerOf(stage, training);
    const late = await stage.addRun();
    const owner = await supervisor.own(late);
    await supervisor.close();
    expect([await statusOf(stage, training), await statusOf(stage, waiting)]).toEqual(['stopped', 'interrupted']);
    if (owner === null) throw new Error('the claim was refused');
    await expect(supervisor.add(late, owner, false)).rejects.toMatchObject({ code: 'unavailable' });
    expect(readdirSync(path.join(stage.core.layout.root, late.folder))).not.toContain('owner.lock');
  });
});

describe('a stop', () => {
  afterEach(() => void vi.useRealTimers());

  /** A trainer of ours with a job, and the session that supervises it. */
  function deafTrainer(): { trainer: FakeTrainer; session: TrainerSession } {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const trainer = new FakeTrainer();
    trainer.deaf = true;
    // The fake reads nothing of a job but its folder.
    const job = { kind: 'train', runFolder: temporaryFolder() } as TrainJob;
    return {
      trainer,
      session: superviseTrainer(
        () => trainer,
        job,
        () => Promise.resolve(),
      ),
    };
  }

  test('ends a trainer that hears nothing, ten seconds after the first wish, and says why', async () => {
    const { trainer, session } = deafTrainer();
    session.stop();
    await vi.advanceTimersByTimeAsync(9_000);
    session.stop();
    expect(trainer.killed).toBe(false);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await session.ended).toMatchObject({ kind: 'died', by: 'stop', error: { code: 'cancelled' } });
    expect(trainer.killed).toBe(true);
  });

  test('leaves a checkpoint that is being written a minute', async () => {
    const { trainer, session } = deafTrainer();
    trainer.say({ type: 'progress', phase: 'writing a checkpoint', done: 0, total: 1, etaMs: null });
    session.stop();
    await vi.advanceTimersByTimeAsync(59_000);
    expect(trainer.killed).toBe(false);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await session.ended).toMatchObject({ kind: 'died', by: 'stop' });
  });
});

describe('the device', () => {
  test('serves short work before runs that wait, tells whom it waits for, and hears a cancel', async () => {
    const stage = await openStage();
    const { device } = stage.core;
    const told: string[] = [];
    const signal = new AbortController().signal;
    const first = await device.take({ what: 'run “a”', short: false, signal });
    const order: string[] = [];
    const take = async (what: string, short: boolean) => {
      const grant = await device.take({ what, short, signal, onWait: (holder) => told.push(`${what} < ${holder}`) });
      order.push(what);
      await grant.release();
    };
    const taken = [take('run “b”', false), take('an evaluation', true)];
    const cancel = new AbortController();
    const given = runTrainerJob(
      stage.core,
      { kind: 'merge', modelPath: '', adapterPath: '', outPath: '' },
      { signal: cancel.signal, progress: (phase) => told.push(phase) },
    );
    cancel.abort();
    await expect(given).rejects.toMatchObject({ code: 'cancelled' });
    await first.release();
    await first.release();
    await Promise.all(taken);
    expect(order).toEqual(['an evaluation', 'run “b”']);
    expect(told.slice(0, 3)).toEqual([
      'run “b” < run “a”',
      'an evaluation < run “a”',
      'waiting for the device: run “a”',
    ]);
    await device.settled();
    expect(existsSync(lockOf(stage))).toBe(false);
  });

  test('is one for all programs of a workspace', async () => {
    const stage = await openStage();
    const other = createDevice(stage.core.layout, 1);
    const signal = new AbortController().signal;
    const ours = await stage.core.device.take({ what: 'run “ours”', short: false, signal });
    const told: string[] = [];
    const theirs = other.take({ what: 'a merge', short: true, signal, onWait: (holder) => void told.push(holder) });
    await vi.waitUntil(() => told.length > 0, soon);
    await ours.release();
    await (await theirs).release();
    expect(told[0]).toBe('run “ours”');
    await Promise.all([other.settled(), stage.core.device.settled()]);
  });
});
