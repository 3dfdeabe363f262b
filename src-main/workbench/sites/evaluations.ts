import { randomUUID } from 'node:crypto';
import { WorkbenchError, reportOf } from '../../shared/domain/errors.ts';
import type { EvaluateJob } from '../../shared/domain/jobs.ts';
import type { SeenJob, Site, SiteEvaluation } from '../../shared/domain/sites.ts';
import type { Core } from '../core.ts';
import { tellProgress } from '../supervision/trainer-jobs.ts';
import { claim } from '../supervision/claim.ts';
import type { Claim } from '../supervision/claim.ts';
import { throwIfCancelled, unlessCancelled } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';
import {
  listEvaluationNotes,
  makeNoteFolder,
  noteFile,
  removeEvaluationNote,
  writeEvaluationNote,
} from './evaluation-note.ts';
import type { EvaluationNote, SiteEvaluationRequest } from './evaluation-note.ts';
import { evaluationFailure } from './evaluation-failure.ts';
import { openEvaluationWork, storeBrought } from './evaluation-work.ts';
import type { Follower } from './follow.ts';
import { firstShown } from './job-note.ts';
import { placeJob, removeWeights } from './place-weights.ts';
import { siteGone } from './pending-runs.ts';
import { stopJob } from './stop-job.ts';
import { siteFolders, submitJob, takenJob, writeJob } from './submit.ts';
import type { SiteAccess } from './submit.ts';

/** Evaluations that a site makes: one job each, whose results are stored here once it has ended. Nothing here has to stay alive for them. */
export interface SiteEvaluations {
  /** To its end; → the evaluation's id. A cancel ends the job, or with `leave` leaves it to the site. */
  evaluate(request: SiteEvaluationRequest, options: { leave: boolean }, task: Task): Promise<string>;
  /** Resolves once Slurm has it; whichever program is there when it ends stores it. */
  hand(request: SiteEvaluationRequest, task: Task): Promise<SeenJob>;
  list(): Promise<SiteEvaluation[]>;
  /** Follows what no other program follows: at start-up, and when one has died. */
  takeUp(): Promise<void>;
  close(): Promise<void>;
}

export interface SiteParts {
  sites(): Promise<readonly Site[]>;
  access(site: Site): SiteAccess;
  follower(name: string): Promise<Follower>;
}

interface Hearer extends Pick<SiteEvaluationRequest, 'say' | 'onJob'> {
  task: Task;
}

interface Entry {
  note: EvaluationNote;
  site: Site;
  /** Of what comes before Slurm has it. */
  abort: AbortController;
  submitted: Promise<void>;
  done: Promise<string>;
  hearers: Set<Hearer>;
  shown: SeenJob;
  cancelled: boolean;
}

type Layer = (task: Task) => Promise<{ job: EvaluateJob; weights: string[] }>;

export function createSiteEvaluations(core: Core, parts: SiteParts): SiteEvaluations {
  const entries = new Map<string, Entry>();
  let closing = false;
  /** One is brought at a time: a line shared by many is slower for each. */
  let bringing: Promise<unknown> = Promise.resolve();

  function begin(note: EvaluationNote, owner: Claim, site: Site, layOut: Layer | null): Entry {
    const submitted = Promise.withResolvers<void>();
    const entry: Entry = {
      note,
      site,
      abort: new AbortController(),
      submitted: submitted.promise,
      done: Promise.resolve(''),
      hearers: new Set(),
      shown: firstShown(site.name, note.jobId ?? ''),
      cancelled: false,
    };
    entries.set(note.id, entry);
    entry.done = toItsEnd(entry, layOut, submitted.resolve).catch(async (error: unknown) => {
      submitted.reject(error);
      await putAway(entry, error);
      throw error;
    });
    entry.done = entry.done.finally(async () => {
      entries.delete(note.id);
      await owner.release();
    });
    // Whoever waits is told; with nobody waiting the note keeps it.
    entry.done.catch(() => {});
    submitted.promise.catch(() => {});
    return entry;
  }

  async function toItsEnd(entry: Entry, layOut: Layer | null, onSubmitted: () => void): Promise<string> {
    const jobId = entry.note.jobId ?? (layOut === null ? null : await submit(entry, layOut));
    if (jobId === null) throw new WorkbenchError('internal', `${entry.note.head.name} was not submitted.`);
    onSubmitted();
    const work = await openEvaluationWork(
      core,
      { ...entry.note, jobId },
      {
        event(event) {
          if (event.type === 'progress') for (const { task } of entry.hearers) tellProgress(task, event);
          if (event.type === 'log') for (const { say } of entry.hearers) say?.(event.message);
        },
        job(job) {
          entry.shown = job;
          for (const { task, onJob } of entry.hearers) {
            task.progress(`job ${job.jobId} at ${job.site}: ${job.says}`, null);
            onJob?.(job);
          }
        },
      },
    );
    const follower = await parts.follower(entry.site.name);
    if (closing) throw new WorkbenchError('cancelled', 'Cancelled.');
    await follower.add(work);
    const end = await work.ended;
    if (end.status !== 'finished') throw evaluationFailure(entry, end);
    const id = await storeBrought(core, entry.note);
    core.bus.publish({ topic: 'changed', lists: ['evaluations'] });
    await tidy(entry);
    return id;
  }

  async function submit(entry: Entry, layOut: Layer): Promise<string> {
    const access = parts.access(entry.site);
    const task: Task = {
      signal: entry.abort.signal,
      progress: (...said) => entry.hearers.forEach((hearer) => hearer.task.progress(...said)),
    };
    const turn = bringing
      .catch(() => {})
      .then(async () => {
        throwIfCancelled(task);
        const { job, weights } = await layOut(task);
        entry.note = { ...entry.note, weights };
        await writeEvaluationNote(core.layout, entry.note);
        await writeJob(access, entry.note.folder, job, task);
        const { id, head, folder } = entry.note;
        // Told to save, it would begin again from nothing: only what Slurm itself puts back runs twice.
        const once = { ...access, site: { ...entry.site, profile: { ...entry.site.profile, requeues: 0 } } };
        return submitJob(once, { id, name: head.name, runIds: [id] }, [folder], task);
      });
    bringing = turn;
    const jobId = await turn;
    entry.note = { ...entry.note, jobId };
    await writeEvaluationNote(core.layout, entry.note);
    return jobId;
  }

  /** After a failure: a program that closes leaves everything to the next one. */
  async function putAway(entry: Entry, error: unknown): Promise<void> {
    if (closing && !entry.cancelled) return;
    const report = reportOf(error);
    if (report.code === 'internal') console.error(error);
    const isTold = entry.cancelled || [...entry.hearers].some(({ onJob, say }) => (onJob ?? say) !== undefined);
    if (entry.cancelled) await stopTaken(entry);
    if (isTold) return tidy(entry);
    await writeEvaluationNote(core.layout, { ...entry.note, error: report.message });
  }

  /** Slurm may have taken it in the moment of the cancel. */
  async function stopTaken({ note, site }: Entry): Promise<void> {
    if (note.jobId !== null) return;
    const jobId = await takenJob(parts.access(site), note.id);
    if (jobId !== null) await stopJob(parts.access(site), note.folder, jobId).catch(() => {});
  }

  async function tidy({ note, site }: Entry): Promise<void> {
    await removeEvaluationNote(core.layout, note.id);
    const wanted = new Set((await listEvaluationNotes(core.layout)).flatMap(({ weights }) => weights));
    // What stays there for a while longer does no harm.
    await removeWeights(
      parts.access(site),
      note.weights.filter((target) => !wanted.has(target)),
    ).catch(() => {});
  }

  async function entryOf(request: SiteEvaluationRequest): Promise<Entry> {
    const site = await siteNamed(request.site);
    const isAsked = (note: EvaluationNote) => note.asked === request.asked && note.site === site.name;
    const here = [...entries.values()].find(({ note }) => isAsked(note));
    if (here !== undefined) return here;
    const layOut: Layer = async (task) => placeJob(parts.access(site), core.layout.root, await request.job(task), task);
    const known = (await listEvaluationNotes(core.layout)).find(isAsked);
    if (known !== undefined && known.error !== null) await removeEvaluationNote(core.layout, known.id);
    else if (known !== undefined) {
      const owner = await claim(noteFile(core.layout, known.id, 'owner'));
      if (owner !== null) return begin(known, owner, site, layOut);
      throw new WorkbenchError('conflict', `Another program waits for “${known.head.name}” already.`, {
        remedy: 'It will be among the evaluations; flipguard site jobs says what its job does.',
      });
    }
    const id = randomUUID();
    const folder = siteFolders(site).evaluation(id);
    const { asked, head } = request;
    const unsent = { weights: [], jobId: null, error: null, createdAt: Date.now() };
    const note: EvaluationNote = { id, site: site.name, folder, asked, head, ...unsent };
    // Before the note: a program that finds one unclaimed takes it for a dead program's.
    await makeNoteFolder(core.layout, id);
    const owner = await claim(noteFile(core.layout, id, 'owner'));
    await writeEvaluationNote(core.layout, note);
    if (owner === null) throw new WorkbenchError('internal', `The note of ${head.name} is held already.`);
    return begin(note, owner, site, layOut);
  }

  async function cancel(entry: Entry): Promise<void> {
    entry.cancelled = true;
    const { jobId, folder, id } = entry.note;
    entry.abort.abort();
    if (jobId !== null) {
      await stopJob(parts.access(entry.site), folder, jobId);
      await (await parts.follower(entry.site.name)).leave(id);
    }
    await entry.done.catch(() => {});
  }

  async function siteNamed(name: string): Promise<Site> {
    const found = (await parts.sites()).find((site) => site.name === name);
    if (found !== undefined) return found;
    throw new WorkbenchError('not-found', `There is no site “${name}”.`, {
      remedy: 'flipguard site list has those of this workspace; flipguard site add makes one.',
    });
  }

  async function wait(entry: Entry, hearer: Hearer, leave: boolean): Promise<string> {
    entry.hearers.add(hearer);
    hearer.onJob?.(entry.shown);
    try {
      return await unlessCancelled(hearer.task, entry.done);
    } catch (error) {
      if (hearer.task.signal.aborted && !closing && !leave) await cancel(entry);
      throw error;
    } finally {
      entry.hearers.delete(hearer);
    }
  }

  return {
    async evaluate(request, { leave }, task) {
      const { say, onJob } = request;
      return wait(await entryOf(request), { task, say: say ?? (() => {}), onJob }, leave);
    },
    async hand(request, task) {
      const entry = await entryOf(request);
      const hearer: Hearer = { task, say: request.say };
      entry.hearers.add(hearer);
      try {
        await unlessCancelled(task, entry.submitted);
      } catch (error) {
        if (task.signal.aborted) await cancel(entry);
        throw error;
      } finally {
        entry.hearers.delete(hearer);
      }
      return { ...entry.shown, jobId: entry.note.jobId ?? '' };
    },
    async list() {
      const notes = await listEvaluationNotes(core.layout);
      return notes.map((note) => {
        const seen = entries.get(note.id)?.shown ?? firstShown(note.site, note.jobId ?? '');
        const ended = note.error === null ? {} : { phase: 'ended' as const, says: note.error };
        return { ...seen, ...ended, evaluation: note.head.name, error: note.error };
      });
    },
    async takeUp() {
      const sites = await parts.sites();
      for (const note of await listEvaluationNotes(core.layout)) {
        if (closing) return;
        if (entries.has(note.id) || note.error !== null) continue;
        const owner = await claim(noteFile(core.layout, note.id, 'owner')).catch(() => null);
        if (owner === null) continue;
        const site = sites.find(({ name }) => name === note.site);
        const jobId = site === undefined ? null : (note.jobId ?? (await takenJob(parts.access(site), note.id)));
        if (site === undefined || jobId === null) {
          const error = site === undefined ? siteGone(note.site).message : 'The program ended before it was submitted.';
          await writeEvaluationNote(core.layout, { ...note, error });
          await owner.release();
          continue;
        }
        const entry = begin({ ...note, jobId }, owner, site, null);
        core.jobs.start({ kind: 'evaluation', title: note.head.name }, async (task) => ({
          evaluationId: await wait(entry, { task }, false),
        }));
      }
    },
    async close() {
      closing = true;
      for (const { abort } of entries.values()) abort.abort();
      await Promise.all([...entries.values()].map(({ done }) => done.catch(() => {})));
    },
  };
}
