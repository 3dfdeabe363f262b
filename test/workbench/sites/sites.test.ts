import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { TrainerEvent } from '../../../src-main/shared/domain/trainer-events.ts';
import { openMirror } from '../../../src-main/workbench/sites/mirror.ts';
import { judge } from '../../../src-main/workbench/sites/outcome.ts';
import type { Evidence } from '../../../src-main/workbench/sites/outcome.ts';
import { flipguard, documentOf } from '../../helpers/cli.ts';
import { temporaryFolder } from '../../helpers/workbench.ts';

const patience = { settleMs: 5000, absentMs: 300_000 };
const end = { seq: 9, at: 1 };
const finished = (outcome: 'completed' | 'stopped') => ({ type: 'finished' as const, outcome, step: 4, ...end });
const sight = (state: string) => ({ id: '7', state, reason: 'None', node: 'n1', startAt: null, exitCode: '1:0' });
const evidence: Evidence = {
  lastWord: null,
  sight: sight('RUNNING'),
  overForMs: 0,
  ends: [],
  stopAsked: false,
  step: 3,
  site: 'here',
  jobId: '7',
  logTail: '',
};

function said(change: Partial<Evidence>): [string, string | null, string | undefined] {
  const verdict = judge({ ...evidence, ...change }, patience);
  const message = verdict.kind === 'over' ? verdict.error?.message : undefined;
  return [verdict.kind, verdict.status, message];
}

describe('the state of a run at a site', () => {
  it('is what its folder says, whatever Slurm says', () => {
    expect(said({ lastWord: finished('completed'), sight: sight('COMPLETING') })).toEqual([
      'over',
      'finished',
      undefined,
    ]);
    expect(said({ lastWord: finished('completed'), sight: null })).toEqual(['over', 'finished', undefined]);
    expect(said({ lastWord: finished('stopped'), stopAsked: true })).toEqual(['over', 'stopped', undefined]);
    const failed = { type: 'failed' as const, error: { code: 'diverged' as const, message: 'NaN.' }, step: 3, ...end };
    expect(said({ lastWord: failed })).toEqual(['over', 'failed', 'NaN.']);
  });

  it('waits after an attempt that saved itself, and runs again without a word', () => {
    expect(said({ lastWord: finished('stopped'), sight: sight('PENDING') })).toEqual(['goes-on', 'queued', undefined]);
    expect(said({ lastWord: finished('stopped'), sight: sight('PREEMPTED') })).toEqual([
      'goes-on',
      'queued',
      undefined,
    ]);
    expect(said({ lastWord: finished('stopped') })).toEqual(['goes-on', 'starting', undefined]);
    expect(said({})).toEqual(['goes-on', null, undefined]);
  });

  it('is given time to be written before it counts as lost', () => {
    expect(said({ sight: sight('TIMEOUT'), overForMs: 100 })).toEqual(['goes-on', null, undefined]);
    expect(said({ sight: null, overForMs: 60_000 })).toEqual(['goes-on', null, undefined]);
    expect(said({ sight: null, overForMs: 300_000 })[1]).toBe('interrupted');
  });

  it.each([
    ['TIMEOUT', 'interrupted', 'Job 7 at “here” ran out of time. It was at step 3.'],
    ['NODE_FAIL', 'interrupted', 'The node failed (n1). Job 7 at “here”. It was at step 3.'],
    ['OUT_OF_MEMORY', 'failed', 'Slurm ended job 7 at “here” for its memory. It was at step 3.'],
    ['CANCELLED by 12', 'stopped', undefined],
    [
      'FAILED',
      'failed',
      'Failed on n1 with status 1. Job 7 at “here”. It was at step 3. Its log ends: no module named cuda',
    ],
  ])('of %s without a word in the folder is %s', (state, status, message) => {
    const logTail = state === 'FAILED' ? 'no module named cuda\n' : '';
    expect(said({ sight: sight(state), overForMs: 6000, logTail })).toEqual(['over', status, message]);
  });

  it('of a job that wrote nothing points at its folder', () => {
    expect(said({ sight: sight('COMPLETED'), overForMs: 6000, step: 0 })[2]).toBe(
      'Job 7 at “here” ended without a result. It wrote nothing: perhaps its node does not see the site’s folder (flipguard site doctor here looks).',
    );
  });
});

describe('the copy of a run’s events', () => {
  const line = (seq: number) => `${JSON.stringify({ type: 'log', level: 'info', message: 'ß', seq, at: 1 })}\n`;

  it('continues where it was, whatever was cut off', async () => {
    const file = path.join(temporaryFolder(), 'run', 'events.ndjson');
    const first = await openMirror(file);
    const whole = Buffer.from(line(1) + line(2) + line(3));
    const cut = Buffer.byteLength(line(1)) + 7;
    const seqs = (events: TrainerEvent[]) => events.map(({ seq }) => seq);
    expect(seqs(await first.take(whole.subarray(0, cut)))).toEqual([1]);
    // A copy that was killed in the middle of a line.
    appendFileSync(file, '{"half');
    const second = await openMirror(file);
    expect(second.offset).toBe(Buffer.byteLength(line(1)));
    expect(seqs(await second.take(whole.subarray(second.offset)))).toEqual([2, 3]);
    expect(readFileSync(file)).toEqual(whole);
  });
});

describe('flipguard site', () => {
  it('remembers sites, and says what it cannot take', async () => {
    const folder = temporaryFolder();
    const run = (...args: string[]) => flipguard(folder, ...args);
    const added = await run(
      '--json',
      'site',
      'add',
      '--name',
      'gpu',
      '--host',
      'login',
      '--folder',
      '/scratch/me',
      '--time',
      '1:00:00',
      '--gpus',
      '1',
    );
    expect(documentOf(added)).toMatchObject({
      name: 'gpu',
      host: 'login',
      folder: '/scratch/me',
      profile: { time: '1:00:00', gpus: '1', requeues: 3 },
    });
    expect(await run('site', 'add', '--name', 'gpu', '--local', '--folder', '/x')).toMatchObject({ status: 2 });
    expect(await run('site', 'add', '--name', 'both', '--local', '--host', 'x', '--folder', '/x')).toMatchObject({
      status: 2,
    });
    expect(await run('site', 'add', '--name', 'odd', '--host', 'x', '--folder', 'relative')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('folder: an absolute path is needed') as string,
    });
    expect((await run('site', 'list')).stdout).toContain('login:/scratch/me');
    expect((await run('train', 'x.yaml', '--detach')).stderr).toContain('--detach goes with --site');
    await run('site', 'remove', 'gpu');
    expect((await run('site', 'list')).stdout).toMatch(/^No site yet\. Add one: flipguard site add /);
    writeFileSync(path.join(folder, 'sites.json'), '{');
    expect(await run('site', 'list')).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('sites.json') as string,
    });
  });
});
