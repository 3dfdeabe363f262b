import { describe, expect, it } from 'vitest';
import type { RunStatus } from '../../../src-main/shared/domain/jobs.ts';
import type { AttemptEnd } from '../../../src-main/sites/poll.ts';
import type { JobSight } from '../../../src-main/sites/slurm-words.ts';
import { firstShown, lastShown, shownSight, writeJobNote } from '../../../src-main/workbench/sites/job-note.ts';
import { writeRunNote } from '../../../src-main/workbench/sites/run-note.ts';
import { addTrainingMaterial, openTestWorkbench, smallModel, tinySpec } from '../../helpers/workbench.ts';
import { flipguard, documentOf } from '../../helpers/cli.ts';

const sight = (state: string, reason = 'None'): JobSight => {
  return { id: '7', state, reason, node: state === 'PENDING' ? null : 'n1', startAt: null, exitCode: '0:0' };
};
const end = (attempt: number, signal: string, job = '7', status = 75): AttemptEnd => {
  return { status, signal, job, attempt, node: 'n1' };
};

describe('what a job is said to do', () => {
  it.each<[string, JobSight | null, AttemptEnd[], string, string, number]>([
    ['pending', sight('PENDING', 'Priority'), [], 'waiting', 'Waits: other jobs come first.', 1],
    ['running', sight('RUNNING'), [], 'running', 'Runs on n1.', 1],
    ['suspended', sight('SUSPENDED'), [], 'paused', 'Paused by Slurm on n1.', 1],
    [
      'put back for its time',
      sight('PENDING', 'BeginTime'),
      [end(0, 'USR1')],
      'waiting',
      'Put back into the queue after attempt 1 saved itself before its time was over. Waits: Slurm lets a job that was put back rest for a while before it starts again.',
      2,
    ],
    [
      'preempted',
      sight('PREEMPTED'),
      [end(0, 'TERM')],
      'waiting',
      'Put back into the queue after attempt 1 was told to end (preempted, or its node was needed) and saved itself. Preempted: it waits to be started again.',
      2,
    ],
    ['again', sight('RUNNING'), [end(0, 'USR1'), end(1, 'TERM')], 'running', 'Runs on n1. This is attempt 3.', 3],
    ['of a resumed run', sight('RUNNING'), [end(2, 'USR1', '6')], 'running', 'Runs on n1.', 1],
    ['out of time', sight('TIMEOUT'), [], 'ended', 'Out of time.', 1],
    ['cancelled', sight('CANCELLED by 1000'), [end(0, 'TERM')], 'ended', 'Cancelled by user 1000.', 1],
    ['held', sight('REQUEUE_HOLD'), [], 'held', 'Held: it needs a person (scontrol release).', 1],
    ['out of sight', null, [], 'unknown', 'Slurm does not list the job at the moment.', 1],
  ])('%s', (_, seen, ends, phase, says, attempt) => {
    expect(shownSight(seen, ends, '7')).toMatchObject({ phase, says, attempt });
  });

  it.each<[RunStatus, JobSight | null, string]>([
    ['finished', sight('RUNNING'), 'Ended on n1.'],
    ['finished', sight('COMPLETED'), 'Ended on n1.'],
    ['failed', sight('RUNNING'), 'Failed on n1.'],
    ['failed', sight('OUT_OF_MEMORY'), 'Out of memory on n1.'],
    ['stopped', sight('CANCELLED by 12'), 'Cancelled by user 12.'],
    ['stopped', sight('COMPLETED'), 'Stopped on request.'],
    ['interrupted', sight('TIMEOUT'), 'Out of time.'],
    ['interrupted', sight('NODE_FAIL'), 'The node failed (n1).'],
    ['interrupted', null, 'Slurm knows the job no more.'],
  ])('at its end: %s', (status, seen, says) => {
    const before = { ...firstShown('here', '7'), node: 'n1' };
    expect(lastShown(status, seen, before)).toMatchObject({ phase: 'ended', says, trouble: null });
  });
});

describe('a list of runs', () => {
  it('says of each run at a site where it is and what its job was last seen doing', async (ctx) => {
    if (smallModel === null) return ctx.skip('no small model is here');
    const workbench = await openTestWorkbench();
    await addTrainingMaterial(workbench, smallModel);
    const runs = [];
    for (const name of ['local', 'remote', 'resumed'])
      runs.push(await workbench.runs.launch({ spec: tinySpec({ name, steps: 1 }) }));
    await Promise.all(runs.map(({ id }) => workbench.runs.ended(id)));
    const { core } = workbench;
    const [, remote, resumed] = runs;
    if (remote === undefined || resumed === undefined) throw new Error('three runs were launched');
    for (const run of [remote, resumed]) {
      const submission = { id: 's', name: 's', runIds: [run.id] };
      const note = { site: 'gone', folder: '/x', submission, afterSeq: 0, jobId: '41' };
      await writeRunNote(core.layout, run, note);
    }
    const ended = lastShown('stopped', sight('CANCELLED by 3'), firstShown('gone', '41'));
    await writeJobNote(core.layout, remote, { ...firstShown('gone', '41'), ...ended, runId: remote.id });
    // Of the job before: it says nothing of this one.
    await writeJobNote(core.layout, resumed, { ...firstShown('gone', '40'), runId: resumed.id });
    await workbench.close();
    const listed = await flipguard(core.layout.root, '--json', 'list', 'runs');
    const jobs = (documentOf(listed) as { name: string; site?: string; job?: { jobId: string; says: string } }[]).map(
      ({ name, site, job }) => [name, site, job?.jobId, job?.says],
    );
    expect(jobs.sort()).toEqual([
      ['local', undefined, undefined, undefined],
      ['remote', 'gone', '41', 'Cancelled by user 3.'],
      ['resumed', 'gone', '41', 'Ended.'],
    ]);
    const table = await flipguard(core.layout.root, 'list', 'runs');
    expect(table.stdout).toMatch(/^Name +Status +Step +Of +Method +Site +Job +What it does +Id$/m);
  });
});
