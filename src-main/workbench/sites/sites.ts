// Over 300 lines: one interface and the state behind it (followed, pending, taken up), which all of its parts share.
import { randomUUID } from 'node:crypto';
import type { RunRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError, reportOf } from '../../shared/domain/errors.ts';
import type { Site, SiteJob, SiteReport, SubmissionPreview } from '../../shared/domain/sites.ts';
import { quote } from '../../sites/quote.ts';
import { openShell } from '../../sites/shell.ts';
import { openTransfer } from '../../sites/transfer.ts';
import type { Core } from '../core.ts';
import type { RunRequest } from '../runs/run-folder.ts';
import { runFolder } from '../runs/run-folder.ts';
import { claim } from '../supervision/claim.ts';
import type { Claim } from '../supervision/claim.ts';
import { hasEnded } from '../../shared/domain/run-states.ts';
import type { Task } from '../supervision/task.ts';
import { bringCheckpoint } from './bring.ts';
import { examineSite } from './doctor.ts';
import { moveAnyhow } from './move-run.ts';
import { createSiteEvaluations } from './evaluations.ts';
import type { SiteEvaluations } from './evaluations.ts';
import { createFollower, usualPace } from './follow.ts';
import type { Follower, Pace } from './follow.ts';
import { maxArraySize, previewSubmission } from './preview.ts';
import { createSiteRegistry } from './registry.ts';
import type { SiteRegistry } from './registry.ts';
import { readRunNote, taskId, writeRunNote } from './run-note.ts';
import type { RunNote } from './run-note.ts';
import { openRunWork } from './run-work.ts';
import type { RunWork } from './run-work.ts';
import { seenJobs } from './seen-jobs.ts';
import { stopJob } from './stop-job.ts';
import { siteFolders, submitRuns } from './submit.ts';
import type { SiteAccess } from './submit.ts';
import { inOrder, openRunsAt, requireIdle, siteGone, unsubmittedJob } from './pending-runs.ts';
import type { OwnedRun, Pending } from './pending-runs.ts';

/** How often work whose program has died is looked for. */
const takeUpEveryMs = 10_000;

/** Runs on other people's schedulers: handed over, followed, stopped, brought back. Nothing here has to stay alive for them. */
export interface Sites extends Pick<SiteRegistry, 'list' | 'find' | 'add'> {
  remove(name: string): Promise<void>;
  doctor(name: string, task: Task): Promise<SiteReport>;
  preview(name: string, label: string, tasks: number, atOnce?: number): Promise<SubmissionPreview>;
  /** Hands runs over as one job, an array where there are several. Answers them as queued; bringing and submitting continue by themselves. */
  hand(name: string, label: string, runs: readonly OwnedRun[], atOnce?: number): Promise<RunRecord[]>;
  /** Which site has the run; null where it is this machine's. */
  siteOf(run: { folder: string }): Promise<string | null>;
  /** What the jobs of unfinished runs do, as last seen. */
  jobs(): SiteJob[];
  /** The jobs of all runs at sites, ended ones and those that another program follows included. */
  seen(): Promise<SiteJob[]>;
  has(runId: string): boolean;
  ended(runId: string): Promise<RunRecord> | null;
  /** Resolves once it has been submitted or refused. */
  submitted(runId: string): Promise<void>;
  ask(run: RunRecord, request: RunRequest): Promise<void>;
  /** Lines at the end of a job's log. */
  log(run: RunRecord, lines: number): Promise<string>;
  /** Brings a checkpoint's files into the workspace; answers false where the run is this machine's. */
  bring(run: RunRecord, step: number, withOptimizer: boolean, task: Task): Promise<boolean>;
  /** What sites evaluate. */
  readonly evaluations: Pick<SiteEvaluations, 'evaluate' | 'hand' | 'list'>;
  /** Follows what no other program follows: at start-up, and when one has died. */
  takeUp(): Promise<void>;
  close(): Promise<void>;
}

export function createSites(core: Core, pace: Pace = usualPace): Sites {
  const registry = createSiteRegistry(core.layout.root);
  const followers = new Map<string, Follower>();
  const followed = new Map<string, RunWork>();
  const pending = new Map<string, Pending>();
  let closing = false;
  let takingUp: Promise<void> | null = null;
  const evaluations = createSiteEvaluations(core, { sites: registry.list, access, follower });
  const watch = setInterval(() => takeUpOnce().catch(() => {}), takeUpEveryMs);
  watch.unref();

  /** One at a time: whoever asks while it is under way waits for that one. */
  function takeUpOnce(): Promise<void> {
    if (core.readOnly) return Promise.resolve();
    takingUp ??= takeUp().finally(() => (takingUp = null));
    return takingUp;
  }

  function access(site: Site): SiteAccess {
    const shell = openShell(site);
    return { site, shell, transfer: openTransfer(shell) };
  }

  async function follower(name: string): Promise<Follower> {
    const known = followers.get(name);
    if (known !== undefined) return known;
    const made = createFollower(access(await registry.find(name)), pace);
    const first = followers.get(name) ?? made;
    followers.set(name, first);
    return first;
  }

  /** Brings, submits and begins to follow; what goes wrong before that is the runs’ own failure. */
  function begin(site: Site, note: RunNote['submission'], runs: readonly OwnedRun[]): void {
    const abort = new AbortController();
    const task: Task = {
      signal: abort.signal,
      progress(phase, fraction) {
        const says = fraction === null ? `${phase}.` : `${phase}: ${Math.floor(fraction * 100)} %.`;
        for (const { run } of runs) {
          const entry = pending.get(run.id);
          if (entry === undefined || entry.says === says) continue;
          entry.says = says;
          core.bus.publish({ topic: 'changed', lists: ['runs'] });
        }
      },
    };
    const done = submitAll(site, note, runs, task).finally(() => {
      for (const { run } of runs) pending.delete(run.id);
    });
    for (const { run } of runs) {
      let settle: Pending['settle'] = () => {};
      const ended = new Promise<RunRecord>((resolve) => (settle = resolve));
      pending.set(run.id, { abort, done, says: 'preparing.', site: site.name, ended, settle });
    }
  }

  async function submitAll(
    site: Site,
    submission: RunNote['submission'],
    runs: readonly OwnedRun[],
    task: Task,
  ): Promise<void> {
    try {
      const jobId = await submitRuns(
        core,
        access(site),
        runs.map(({ run }) => run),
        submission,
        task,
      );
      const place = await follower(site.name);
      for (const { run, owner } of runs) {
        const note = await readRunNote(core.layout, run);
        if (note === null) throw new WorkbenchError('internal', `${run.name} has lost its site.`);
        const submitted = { ...note, jobId };
        await writeRunNote(core.layout, run, submitted);
        const work = await follow(place, run, submitted, owner);
        const entry = pending.get(run.id);
        if (entry !== undefined) work.ended.then(entry.settle, (error: unknown) => fail({ run, owner }, error));
      }
    } catch (error) {
      await Promise.all(runs.map((one) => fail(one, error)));
    }
  }

  async function follow(place: Follower, run: RunRecord, note: RunNote, owner: Claim): Promise<RunWork> {
    const work = await openRunWork(core, run, note, owner);
    await place.add(work);
    followed.set(run.id, work);
    return work;
  }

  async function fail({ run, owner }: OwnedRun, error: unknown): Promise<void> {
    const report = reportOf(error);
    if (report.code === 'internal') console.error(error);
    // A closing workbench leaves the run as it is: the next one continues with it.
    if (!closing) {
      const status = report.code === 'cancelled' ? 'stopped' : 'failed';
      const ended = await moveAnyhow(core, run.id, status, status === 'failed' ? report : null);
      core.bus.publish({ topic: 'run', run: ended });
      pending.get(run.id)?.settle(ended);
    }
    await owner.release();
  }

  async function hand(name: string, label: string, runs: readonly OwnedRun[], atOnce?: number): Promise<RunRecord[]> {
    const site = await registry.find(name);
    const largest = runs.length > 1 ? await maxArraySize(access(site).shell) : 1;
    const queued: RunRecord[] = [];
    for (let i = 0; i < runs.length; i += largest) {
      const part = runs.slice(i, i + largest);
      const submission = {
        id: randomUUID(),
        name: label,
        runIds: part.map(({ run }) => run.id),
        ...(atOnce === undefined ? {} : { atOnce }),
      };
      for (const { run } of part) {
        const folder = siteFolders(site).run(run.id);
        await writeRunNote(core.layout, run, { site: name, folder, submission, afterSeq: run.lastSeq, jobId: null });
        const waiting = await moveAnyhow(core, run.id, 'queued', null);
        core.bus.publish({ topic: 'run', run: waiting });
        queued.push(waiting);
      }
      begin(site, submission, part);
    }
    return queued;
  }

  async function takeUp(): Promise<void> {
    const unsubmitted = new Map<string, { site: Site; submission: RunNote['submission']; runs: OwnedRun[] }>();
    for (const run of await core.store.listRuns()) {
      if (closing) return;
      if (hasEnded(run.status) || pending.has(run.id)) continue;
      const note = await readRunNote(core.layout, run);
      if (note === null || followers.get(note.site)?.has(run.id) === true) continue;
      const owner = await claim(runFolder(core.layout, run).file('owner')).catch(() => null);
      if (owner === null) continue;
      const site = (await registry.list()).find((known) => known.name === note.site);
      if (site === undefined) await fail({ run, owner }, siteGone(note.site));
      else if (note.jobId !== null) await follow(await follower(site.name), run, note, owner);
      else {
        const { submission } = note;
        const group = unsubmitted.get(submission.id) ?? { site, submission, runs: [] };
        group.runs.push({ run, owner });
        unsubmitted.set(submission.id, group);
      }
    }
    for (const { site, submission, runs } of unsubmitted.values()) begin(site, submission, inOrder(submission, runs));
    await evaluations.takeUp();
  }

  async function ask(run: RunRecord, request: RunRequest): Promise<void> {
    const note = await readRunNote(core.layout, run);
    if (note === null) throw new WorkbenchError('internal', `${run.name} is at no site.`);
    if (request !== 'stop') {
      throw new WorkbenchError('unsupported', `“${run.name}” is at “${note.site}”, where runs are not paused.`, {
        remedy: 'Stop it (it leaves a checkpoint) and resume it later.',
      });
    }
    const waiting = pending.get(run.id);
    if (waiting !== undefined && note.jobId === null) return waiting.abort.abort();
    const job = taskId(note, run.id);
    if (job === null) throw new WorkbenchError('conflict', `“${run.name}” is being submitted by another program.`);
    await stopJob(access(await registry.find(note.site)), note.folder, job);
    followers.get(note.site)?.hurry();
    const stopping = await core.store.moveRun(run.id, 'stopping');
    if (stopping.moved) core.bus.publish({ topic: 'run', run: stopping.run });
  }

  function jobs(): SiteJob[] {
    const known = [...followers.values()]
      .flatMap((one) => one.jobs())
      .flatMap(({ id, job }) => (followed.has(id) ? [{ ...job, runId: id }] : []));
    return [...known, ...[...pending].map(([runId, entry]) => unsubmittedJob(runId, entry))];
  }

  async function openEvaluations(name: string): Promise<string[]> {
    const all = await evaluations.list();
    return all.filter(({ site, error }) => site === name && error === null).map(({ evaluation }) => evaluation);
  }

  return {
    list: registry.list,
    find: registry.find,
    add: registry.add,
    async remove(name) {
      await registry.find(name);
      const busy = [...pending.values()].some((entry) => entry.site === name);
      requireIdle(name, busy, [...(await openRunsAt(core, name)), ...(await openEvaluations(name))]);
      await registry.remove(name);
    },
    doctor: async (name, task) => examineSite(access(await registry.find(name)), task),
    preview: async (name, label, tasks, atOnce) =>
      previewSubmission(access(await registry.find(name)), label, tasks, atOnce),
    hand,
    siteOf: async (run) => (await readRunNote(core.layout, run))?.site ?? null,
    jobs,
    seen: () => seenJobs(core, jobs()),
    has: (runId) => pending.has(runId) || [...followers.values()].some((one) => one.has(runId)),
    ended(runId) {
      const isFollowed = [...followers.values()].some((one) => one.has(runId));
      return (isFollowed ? followed : pending).get(runId)?.ended ?? null;
    },
    submitted: async (runId) => pending.get(runId)?.done,
    ask,
    async log(run, lines) {
      const note = await readRunNote(core.layout, run);
      if (note === null)
        throw new WorkbenchError('unsupported', `“${run.name}” ran on this machine, which keeps no log of it.`);
      const { shell } = access(await registry.find(note.site));
      return (await shell.run(`tail -n ${lines} ${quote(`${note.folder}/log.txt`)} 2>/dev/null`)).stdout;
    },
    async bring(run, step, withOptimizer, task) {
      const note = await readRunNote(core.layout, run);
      if (note === null) return false;
      await bringCheckpoint(core, access(await registry.find(note.site)), run, step, withOptimizer, task);
      return true;
    },
    evaluations,
    takeUp: takeUpOnce,
    async close() {
      closing = true;
      clearInterval(watch);
      await takingUp?.catch(() => {});
      for (const { abort } of pending.values()) abort.abort();
      await Promise.all([...pending.values()].map(({ done }) => done));
      const left = evaluations.close();
      await Promise.all([...followers.values()].map((one) => one.close()));
      await left;
    },
  };
}
