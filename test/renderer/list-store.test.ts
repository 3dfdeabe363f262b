// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia';
import { beforeEach, describe, expect, it } from 'vitest';
import { connect } from '../../src-renderer/api/client.ts';
import { useRuns } from '../../src-renderer/stores/runs.ts';
import { useSuites } from '../../src-renderer/stores/library.ts';
import { useJobs } from '../../src-renderer/stores/jobs.ts';
import type { Job } from '../../src-main/shared/contract/views.ts';
import { FakeBridge, settled } from './fake-bridge.ts';
import { runRecord } from './samples.ts';

let bridge: FakeBridge;
beforeEach(() => {
  setActivePinia(createPinia());
  bridge = new FakeBridge({ 'runs.list': () => [runRecord()], 'suites.list': () => [], 'jobs.list': () => [] });
  connect(bridge);
});

function job(changes: Partial<Job> = {}): Job {
  return {
    id: 'job-1',
    kind: 'import',
    title: 'Import',
    state: 'running',
    phase: '',
    fraction: null,
    etaMs: null,
    startedAt: 1,
    endedAt: null,
    error: null,
    result: {},
    ...changes,
  };
}

describe('a list of the workspace', () => {
  it('is read when first needed, and again when it changed', async () => {
    const suites = useSuites();
    bridge.tell({ topic: 'changed', lists: ['suites'] });
    expect(bridge.asked('suites.list')).toEqual([]);
    await suites.load();
    await suites.load();
    expect(bridge.asked('suites.list').length).toBe(1);
    bridge.tell({ topic: 'changed', lists: ['models'] });
    bridge.tell({ topic: 'changed', lists: ['suites', 'runs'] });
    await settled();
    expect(bridge.asked('suites.list').length).toBe(2);
  });

  it('says why it could not be read, and tries again when asked', async () => {
    const suites = useSuites();
    bridge.handlers = {};
    await suites.load();
    expect([suites.state, suites.error?.code]).toEqual(['failed', 'not-found']);
    bridge.handlers = { 'suites.list': () => [] };
    await suites.refresh();
    expect([suites.state, suites.error]).toEqual(['ready', null]);
  });

  it('follows single items by their events', async () => {
    const runs = useRuns();
    await runs.load();
    bridge.tell({ topic: 'run', run: runRecord({ status: 'finished' }) });
    bridge.tell({ topic: 'run', run: runRecord({ id: 'run-2', status: 'queued', createdAt: 2 }) });
    bridge.tell({ topic: 'run', run: runRecord({ id: 'run-3', status: 'running', createdAt: 3 }) });
    expect(runs.byNewest.map(({ id }) => id)).toEqual(['run-3', 'run-2', 'run-1']);
    expect(runs.active.map(({ id }) => id)).toEqual(['run-3', 'run-2']);
  });

  it('takes what an event told over an older answer', async () => {
    const runs = useRuns();
    bridge.handlers['runs.list'] = () => {
      bridge.tell({ topic: 'run', run: runRecord({ status: 'finished' }) });
      return [runRecord({ status: 'running' })];
    };
    await runs.load();
    expect(runs.byNewest.map(({ status }) => status)).toEqual(['finished']);
  });
});

describe('jobs', () => {
  it('let one wait for their end', async () => {
    const jobs = useJobs();
    bridge.tell({ topic: 'job', job: job() });
    const end = jobs.finished('job-1');
    expect(jobs.running.length).toBe(1);
    bridge.tell({ topic: 'job', job: job({ state: 'done', result: { importId: 'i' } }) });
    expect((await end).result).toEqual({ importId: 'i' });
    expect(jobs.running).toEqual([]);
  });

  it('fail with their own words', async () => {
    const jobs = useJobs();
    bridge.tell({ topic: 'job', job: job() });
    const end = jobs.finished('job-1');
    bridge.tell({
      topic: 'job',
      job: job({ state: 'failed', error: { code: 'bad-input', message: 'line 3 is no JSON' } }),
    });
    await expect(end).rejects.toThrow('line 3 is no JSON');
  });

  it('are seen to have ended even when the event was missed', async () => {
    const jobs = useJobs();
    bridge.tell({ topic: 'job', job: job() });
    const end = jobs.finished('job-1');
    bridge.handlers['jobs.list'] = () => [job({ state: 'done' })];
    bridge.setConnection('lost');
    bridge.setConnection('open');
    await settled();
    expect((await end).state).toBe('done');
  });
});
