import { describe, expect, test } from 'vitest';
import type { Job } from '../../../src-main/shared/contract/views.ts';
import { WorkbenchError } from '../../../src-main/shared/domain/errors.ts';
import { createEventBus } from '../../../src-main/workbench/contract/event-bus.ts';
import { createJobs } from '../../../src-main/workbench/supervision/jobs.ts';

function setUp() {
  const bus = createEventBus();
  const told: Job[] = [];
  bus.subscribe((event) => {
    if (event.topic === 'job') told.push(event.job);
  });
  let now = 1000;
  return { told, jobs: createJobs(bus, () => now), pass: (ms: number) => (now += ms) };
}
const head = { kind: 'import', title: 'x' } as const;

describe('jobs', () => {
  test('tell progress with the time that is left, and their result', async () => {
    const { jobs, told, pass } = setUp();
    const { id } = jobs.start(head, (task) => {
      pass(2000);
      task.progress('reading', 0.25);
      return Promise.resolve({ datasetId: 'd' });
    });
    expect(await jobs.settled(id)).toMatchObject({
      state: 'done',
      fraction: 1,
      result: { datasetId: 'd' },
      endedAt: 3000,
    });
    expect(told.map(({ state, fraction, etaMs }) => [state, fraction, etaMs])).toEqual([
      ['running', null, null],
      ['running', 0.25, 6000],
      ['done', 1, 0],
    ]);
  });

  test('tell a phase’s progress at most ten times a second', async () => {
    const { jobs, told, pass } = setUp();
    const { id } = jobs.start(head, (task) => {
      for (let i = 0; i < 100; i += 1) {
        pass(10);
        task.progress('reading', i / 100);
      }
      return Promise.resolve({});
    });
    await jobs.settled(id);
    expect(told.length).toBeLessThan(15);
  });

  test('that fail say why, and that are cancelled are cancelled', async () => {
    const { jobs } = setUp();
    const failed = jobs.start(head, () => Promise.reject(new WorkbenchError('io', 'disk full')));
    expect(await jobs.settled(failed.id)).toMatchObject({
      state: 'failed',
      error: { code: 'io', message: 'disk full' },
    });
    const waiting = jobs.start(
      head,
      (task) => new Promise((_, reject) => task.signal.addEventListener('abort', () => reject(new Error('aborted')))),
    );
    jobs.cancel(waiting.id);
    expect(await jobs.settled(waiting.id)).toMatchObject({ state: 'cancelled', error: { code: 'cancelled' } });
    expect(() => jobs.cancel('nobody')).toThrow(/no job/);
  });

  test('are listed newest first, and old ones are forgotten', async () => {
    const { jobs } = setUp();
    const ids: string[] = [];
    for (let i = 0; i < 250; i += 1) {
      const { id } = jobs.start(head, () => Promise.resolve({}));
      ids.push(id);
      await jobs.settled(id);
    }
    expect(jobs.list()[0]?.id).toBe(ids.at(-1));
    expect(jobs.list().length).toBeLessThanOrEqual(200);
  });
});

test('events count up by one, under one epoch', () => {
  const bus = createEventBus();
  const seen: [number, string][] = [];
  const stop = bus.subscribe(({ seq, epoch }) => seen.push([seq, epoch]));
  for (let i = 0; i < 3; i += 1) bus.publish({ topic: 'changed', lists: ['runs'] });
  stop();
  bus.publish({ topic: 'changed', lists: ['runs'] });
  expect(seen).toEqual([1, 2, 3].map((seq) => [seq, bus.epoch]));
});
