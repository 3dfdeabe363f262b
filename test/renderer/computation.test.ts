// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia';
import { effectScope } from 'vue';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Job } from '../../src-main/shared/contract/views.ts';
import { connect } from '../../src-renderer/api/client.ts';
import { useComputation } from '../../src-renderer/stores/computation.ts';
import { useJobs } from '../../src-renderer/stores/jobs.ts';
import { useToasts } from '../../src-renderer/stores/toasts.ts';
import { FakeBridge, settled } from './fake-bridge.ts';

let bridge: FakeBridge;
let jobIds: string[];
beforeEach(() => {
  setActivePinia(createPinia());
  jobIds = ['one', 'two', 'three'];
  bridge = new FakeBridge({
    'frontier.get': ({ suiteName }) =>
      suiteName === 'quick' ? { state: 'done', value: [] } : { state: 'running', jobId: jobIds.shift() ?? '' },
    'jobs.take': ({ jobId }) => [jobId],
    'jobs.leave': () => null,
    'jobs.cancel': () => null,
    'jobs.list': () => [],
  });
  connect(bridge);
});

function tellJob(id: string, part: Partial<Job>): void {
  const job: Job = {
    id,
    kind: 'frontier',
    title: 'Frontier',
    state: 'running',
    phase: 'evaluation 1 of 2',
    fraction: 0.5,
    etaMs: 1000,
    startedAt: 0,
    endedAt: null,
    error: null,
    result: {},
  };
  bridge.tell({ topic: 'job', job: { ...job, ...part } });
}

function open() {
  const scope = effectScope();
  const computation = scope.run(() => useComputation('frontier.get'));
  if (computation === undefined) throw new Error('the scope is active');
  const seen = () => [computation.working.value, computation.value.value, computation.error.value?.code ?? null];
  return { computation, scope, seen };
}

describe('what a place asks the workbench to work out', () => {
  it('is there at once where it is quick', async () => {
    const { computation, seen } = open();
    await computation.ask({ suiteName: 'quick' });
    expect(seen()).toEqual([false, [], null]);
    expect(bridge.calls.map(({ channel }) => channel)).toEqual(['frontier.get']);
  });

  it('is cancelled also by whoever cancels before the workbench has said that it takes longer', async () => {
    const { computation, seen } = open();
    const asked = computation.ask({ suiteName: 'long' });
    computation.cancel();
    await settled();
    expect(bridge.calls).toContainEqual({ channel: 'jobs.cancel', input: { jobId: 'one' } });
    tellJob('one', { state: 'cancelled' });
    await asked;
    expect(seen()).toEqual([false, null, 'cancelled']);
  });

  it('shows its progress, and its value when the job is done, without a toast', async () => {
    const { computation, seen } = open();
    const asked = computation.ask({ suiteName: 'long' });
    await settled();
    tellJob('one', {});
    expect([computation.job.value?.fraction, ...seen()]).toEqual([0.5, true, null, null]);
    tellJob('one', { state: 'done' });
    await asked;
    expect([computation.job.value, ...seen()]).toEqual([null, false, ['one'], null]);
    expect(useToasts().toasts).toEqual([]);
  });

  it('gives the old question up for a new one, and keeps what was found until then', async () => {
    const { computation, seen } = open();
    await computation.ask({ suiteName: 'quick' });
    const first = computation.ask({ suiteName: 'first' });
    await settled();
    const second = computation.ask({ suiteName: 'second' });
    await settled();
    expect(bridge.asked('jobs.leave')).toEqual([{ jobId: 'one' }]);
    tellJob('one', { state: 'cancelled', error: { code: 'cancelled', message: 'Cancelled.' } });
    await first;
    expect(seen()).toEqual([true, [], null]);
    tellJob('two', { state: 'done' });
    await second;
    expect(seen()).toEqual([false, ['two'], null]);
  });

  it('gives up what was asked before the answer came, too', async () => {
    const { computation } = open();
    const first = computation.ask({ suiteName: 'first' });
    computation.leave();
    await first;
    expect(bridge.asked('jobs.leave')).toEqual([{ jobId: 'one' }]);
  });

  it('can be cancelled and started again', async () => {
    const { computation, seen } = open();
    const asked = computation.ask({ suiteName: 'long' });
    await settled();
    computation.cancel();
    await settled();
    expect(bridge.asked('jobs.cancel')).toEqual([{ jobId: 'one' }]);
    tellJob('one', { state: 'cancelled', error: { code: 'cancelled', message: 'Cancelled.' } });
    await asked;
    expect(seen()).toEqual([false, null, 'cancelled']);
    const again = computation.retry();
    await settled();
    tellJob('two', { state: 'done' });
    await again;
    expect([bridge.asked('frontier.get').at(-1), ...seen()]).toEqual([{ suiteName: 'long' }, false, ['two'], null]);
  });

  it('ends with its place', async () => {
    const { computation, scope } = open();
    const asked = computation.ask({ suiteName: 'long' });
    await settled();
    scope.stop();
    await settled();
    expect(bridge.asked('jobs.leave')).toEqual([{ jobId: 'one' }]);
    tellJob('one', { state: 'cancelled' });
    await asked;
  });

  it('says so when the workbench restarted meanwhile', async () => {
    const { computation, seen } = open();
    useJobs();
    const asked = computation.ask({ suiteName: 'long' });
    await settled();
    bridge.setConnection('lost');
    bridge.setConnection('open');
    await asked;
    expect(seen()).toEqual([false, null, 'unavailable']);
  });
});
