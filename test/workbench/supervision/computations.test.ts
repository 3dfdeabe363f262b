import { describe, expect, test } from 'vitest';
import type { Computed, Job } from '../../../src-main/shared/contract/views.ts';
import { WorkbenchError } from '../../../src-main/shared/domain/errors.ts';
import { createEventBus } from '../../../src-main/workbench/contract/event-bus.ts';
import { createComputations } from '../../../src-main/workbench/supervision/computations.ts';
import { createJobs } from '../../../src-main/workbench/supervision/jobs.ts';
import type { JobHead } from '../../../src-main/workbench/supervision/jobs.ts';
import { unlessCancelled } from '../../../src-main/workbench/supervision/task.ts';
import type { Task } from '../../../src-main/workbench/supervision/task.ts';

const head: JobHead = { kind: 'frontier', title: 'Frontier of words' };
const other: JobHead = { kind: 'slice-search', title: 'Slices' };

/** Everything that works is followed as a job: nothing is awaited in the request itself. */
function setUp(showAfterMs = 1) {
  const bus = createEventBus();
  const told: Job[] = [];
  bus.subscribe((event) => {
    if (event.topic === 'job') told.push(event.job);
  });
  const jobs = createJobs(bus);
  return { bus, told, jobs, computations: createComputations(jobs, bus, showAfterMs) };
}

/** Work that continues until the test lets it end, unless it is cancelled. */
function held<T>(value: T) {
  const gate = Promise.withResolvers<T>();
  const begun: Task[] = [];
  return {
    begun,
    end: () => gate.resolve(value),
    fail: (error: Error) => gate.reject(error),
    work: (task: Task) => {
      begun.push(task);
      return unlessCancelled(task, gate.promise);
    },
  };
}

function jobOf(answer: Computed<unknown>): string {
  if (answer.state === 'running') return answer.jobId;
  throw new Error('the work is held, so it cannot be done');
}

describe('what is worked out', () => {
  test('is returned at once where it is quick, and no window hears of a job', async () => {
    const { computations, told, jobs } = setUp(60_000);
    expect(await computations.ask(head, 'words', () => Promise.resolve([1]))).toEqual({ state: 'done', value: [1] });
    const failing = computations.ask(head, 'words', () => Promise.reject(new WorkbenchError('not-found', 'gone')));
    await expect(failing).rejects.toThrow('gone');
    expect([told, jobs.list()]).toEqual([[], []]);
  });

  test('is a job where it takes longer, and is taken when that is done, once', async () => {
    const { computations, jobs } = setUp();
    const long = held([1, 2]);
    const jobId = jobOf(await computations.ask(head, 'words', long.work));
    expect(jobs.list()).toMatchObject([{ id: jobId, state: 'running', ...head }]);
    expect(() => computations.take(jobId)).toThrow('no longer kept');
    long.end();
    expect(await jobs.settled(jobId)).toMatchObject({ state: 'done' });
    expect(computations.take(jobId)).toEqual([1, 2]);
    expect(() => computations.take(jobId)).toThrow('no longer kept');
  });

  test('is worked out once for all who ask for the same, and ends with the last who leaves', async () => {
    const { computations, jobs } = setUp();
    const long = held(1);
    const [first, second] = await Promise.all([
      computations.ask(head, ['a', 1], long.work),
      computations.ask(head, ['a', 1], long.work),
    ]);
    const jobId = jobOf(first);
    expect([jobOf(second), long.begun.length]).toEqual([jobId, 1]);
    computations.leave(jobId);
    expect(long.begun[0]?.signal.aborted).toBe(false);
    computations.leave(jobId);
    expect(await jobs.settled(jobId)).toMatchObject({ state: 'cancelled' });
    // A third one is no matter of those before it.
    const again = jobOf(await computations.ask(head, ['a', 1], long.work));
    expect([again === jobId, long.begun.length]).toEqual([false, 2]);
  });

  test('is one of its kind at a time; other kinds do not wait', async () => {
    const { computations, jobs, told } = setUp();
    const [first, second, third, elsewhere] = [held(1), held(2), held(3), held(4)];
    const ids = [
      jobOf(await computations.ask(head, 'a', first.work)),
      jobOf(await computations.ask(head, 'b', second.work)),
      jobOf(await computations.ask(head, 'c', third.work)),
      jobOf(await computations.ask(other, 'a', elsewhere.work)),
    ];
    const begun = () => [first, second, third, elsewhere].map((one) => one.begun.length);
    expect(begun()).toEqual([1, 0, 0, 1]);
    expect(told.filter(({ id }) => id === ids[1]).at(-1)?.phase).toBe('waiting for another of its kind');
    // Who leaves the line does not let the next go before its turn.
    jobs.cancel(ids[1] ?? '');
    expect(await jobs.settled(ids[1] ?? '')).toMatchObject({ state: 'cancelled' });
    expect(begun()).toEqual([1, 0, 0, 1]);
    first.fail(new WorkbenchError('io', 'broken'));
    await jobs.settled(ids[0] ?? '');
    await expect.poll(begun).toEqual([1, 0, 1, 1]);
    third.end();
    expect(await jobs.settled(ids[2] ?? '')).toMatchObject({ state: 'done' });
  });

  test('is computed again when the workspace changed meanwhile', async () => {
    const { computations, bus } = setUp();
    const [before, after] = [held('before'), held('after')];
    const first = jobOf(await computations.ask(head, 'a', before.work));
    bus.publish({ topic: 'changed', lists: ['comparisons'] });
    expect(jobOf(await computations.ask(head, 'a', after.work))).toBe(first);
    bus.publish({ topic: 'changed', lists: ['evaluations'] });
    expect(jobOf(await computations.ask(head, 'a', after.work))).not.toBe(first);
  });

  test('ends with the workbench, shown or not', async () => {
    const { computations, jobs } = setUp(60_000);
    const long = held(1);
    const asked = computations.ask(head, 'a', long.work);
    await jobs.close();
    await expect(asked).rejects.toMatchObject({ code: 'cancelled' });
    expect(long.begun[0]?.signal.aborted).toBe(true);
  });

  test('does not count the time in which it waited when it says what is left', async () => {
    const bus = createEventBus();
    let now = 0;
    const jobs = createJobs(bus, () => now);
    const told: (number | null)[] = [];
    bus.subscribe((event) => {
      if (event.topic === 'job') told.push(event.job.etaMs);
    });
    const { id } = jobs.start(head, (task) => {
      task.progress('waiting for the device', null);
      now += 60_000;
      task.progress('still waiting', null);
      now += 1000;
      task.progress('counting', 0.25);
      task.progress('waiting again', null);
      now += 60_000;
      task.progress('and again', null);
      now += 1000;
      task.progress('counting on', 0.5);
      return Promise.resolve({});
    });
    await jobs.settled(id);
    // A quarter took a second: three quarters are left, then two.
    expect(told.filter((etaMs) => etaMs !== null)).toEqual([3000, 2000, 0]);
  });
});
