import type { RunRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError, reportOf } from '../../shared/domain/errors.ts';
import { hasEnded } from '../../shared/domain/run-states.ts';
import { Pending } from '../../system/pending.ts';
import type { Core } from '../core.ts';
import { runFolder } from '../runs/run-folder.ts';
import type { RunRequest } from '../runs/run-folder.ts';
import { claim } from './claim.ts';
import type { Claim } from './claim.ts';
import { takeInRest } from './replay.ts';
import { endedInMemory, publishEnd, settle, verdictOfError } from './settle.ts';
import type { Verdict } from './settle.ts';
import { trainRun } from './train-run.ts';
import type { LiveRun } from './train-run.ts';

/** The runs that this program looks after: they wait for the device in the order they came, and train one at a time. */
export interface RunSupervisor {
  /** Claims a run for this program; a conflict when another one has it. */
  own(run: { folder: string; name: string }): Promise<Claim>;
  /** Answers the run as queued. */
  add(run: RunRecord, owner: Claim, resume: boolean): Promise<RunRecord>;
  /** True when this process looks after the run, waiting or training. */
  has(runId: string): boolean;
  /** Resolves when the wish was handed on; a run that waits has ended then. */
  ask(runId: string, request: RunRequest): Promise<void>;
  setGuardWeight(runId: string, weight: number): void;
  /** Resolves when the run has ended; null when this process does not look after it. */
  ended(runId: string): Promise<RunRecord> | null;
  /** Ends that the store could not take when they came: tried again; true when none is left. */
  storeEnds(): Promise<boolean>;
  /** Runs whose end is known here and not yet in the store: nobody else's to recover. */
  awaitsStore(runId: string): boolean;
  /** Stops what runs (with a checkpoint) and forgets what waits. */
  close(): Promise<void>;
}

interface Entry {
  run: RunRecord;
  readonly resume: boolean;
  readonly owner: Claim;
  /** Aborted to leave the line for the device, with what the run comes to as the reason. */
  readonly leave: AbortController;
  live: LiveRun | null;
  ended: Promise<RunRecord>;
}

const stopped: Verdict = { status: 'stopped', error: null };
const interrupted: Verdict = { status: 'interrupted', error: null };

export function createRunSupervisor(core: Core): RunSupervisor {
  const entries = new Map<string, Entry>();
  const unsaved = new Map<string, Verdict>();
  // Whoever added the run hears of its failure; `close` only waits.
  const entering = new Pending(() => {});
  let closing = false;

  async function own(run: { folder: string; name: string }): Promise<Claim> {
    const owner = await claim(runFolder(core.layout, run).file('owner'));
    if (owner === null) throw inOtherHands(run.name);
    return owner;
  }

  function add(run: RunRecord, owner: Claim, resume: boolean): Promise<RunRecord> {
    const adding = enter(run, owner, resume);
    entering.add(adding);
    return adding;
  }

  async function enter(run: RunRecord, owner: Claim, resume: boolean): Promise<RunRecord> {
    try {
      if (closing) throw new WorkbenchError('unavailable', 'The workspace is being closed.');
      const queued = await queue(core, run);
      const entry: Entry = { run: queued, resume, owner, leave: new AbortController(), live: null, ended: never };
      entries.set(run.id, entry);
      core.bus.publish({ topic: 'run', run: queued });
      entry.ended = lookAfter(entry);
      return queued;
    } catch (error) {
      await owner.release();
      throw error;
    }
  }

  /** From the line to its end. Never rejects: whatever fails, the device and the run are free afterwards. */
  async function lookAfter(entry: Entry): Promise<RunRecord> {
    let ended: RunRecord;
    try {
      ended = await trainInTurn(entry);
    } catch (error) {
      ended = await endUnheard(entry, error);
    }
    entries.delete(entry.run.id);
    await entry.owner.release().catch(reportUnreleased);
    return ended;
  }

  async function trainInTurn(entry: Entry): Promise<RunRecord> {
    const { run, leave } = entry;
    const device = await core.device.take({ what: `run “${run.name}”`, short: false, signal: leave.signal });
    try {
      // It may have left in the moment between the grant and here; who leaves later does so as a wish to the child.
      if (leave.signal.aborted) throw new WorkbenchError('cancelled', 'Stopped while it waited.');
      entry.live = trainRun(core, run, entry.resume, device);
      return await settle(core, run.id, await entry.live.ended);
    } finally {
      await device.release().catch(reportUnreleased);
    }
  }

  /** It left the line, or the store could not be written: ended there if possible, else here until it can be. */
  async function endUnheard(entry: Entry, error: unknown): Promise<RunRecord> {
    const left = entry.leave.signal.aborted && entry.live === null;
    const verdict = left ? (entry.leave.signal.reason as Verdict) : verdictOfError(reportOf(error));
    const run = await store(entry.run.id, verdict).catch((failure: unknown) => {
      unsaved.set(entry.run.id, verdict);
      console.error(`The end of run “${entry.run.name}” could not be stored: ${reportOf(failure).message}`);
      return endedInMemory(entry.run, verdict.status, verdict.error);
    });
    publishEnd(core, run);
    return run;
  }

  /** Behind all that the folder holds: what it says there comes first. */
  async function store(runId: string, { status, error }: Verdict): Promise<RunRecord> {
    const run = await core.store.getRun(runId);
    if (run !== null) await takeInRest(core, run);
    return (await core.store.moveRun(runId, status, error)).run;
  }

  async function storeEnds(): Promise<boolean> {
    for (const [runId, verdict] of unsaved) {
      try {
        publishEnd(core, await store(runId, verdict));
        unsaved.delete(runId);
      } catch {
        // Still full, or gone: the next time.
      }
    }
    return unsaved.size === 0;
  }

  async function ask(runId: string, request: RunRequest): Promise<void> {
    const entry = entries.get(runId);
    if (entry === undefined) return;
    if (entry.live !== null) return entry.live.ask(request);
    if (request !== 'stop') return;
    // Out of the line at once; asked twice, it has left already.
    entry.leave.abort(stopped);
    if (entry.live === null) await entry.ended;
  }

  return {
    own,
    add,
    has: (runId) => entries.has(runId),
    ask,
    setGuardWeight: (runId, weight) => entries.get(runId)?.live?.setGuardWeight(weight),
    ended: (runId) => entries.get(runId)?.ended ?? null,
    storeEnds,
    awaitsStore: (runId) => unsaved.has(runId),
    async close() {
      closing = true;
      await entering.settled();
      for (const entry of entries.values()) {
        if (entry.live === null) entry.leave.abort(interrupted);
        else entry.live.ask('stop');
      }
      await Promise.all([...entries.values()].map((entry) => entry.ended));
      await storeEnds();
    },
  };
}

/** Replaced before anybody can await it. */
const never = new Promise<RunRecord>(() => {});

/** Queued in the store; a launched run is so from its first row on. */
async function queue(core: Core, run: RunRecord): Promise<RunRecord> {
  if (run.status === 'queued') return run;
  const queued = await core.store.moveRun(run.id, 'queued');
  if (queued.moved) return queued.run;
  const { status } = queued.run;
  throw new WorkbenchError('conflict', `“${run.name}” is ${status}${hasEnded(status) ? '' : ' already'}.`);
}

function reportUnreleased(error: unknown): void {
  console.error(`A claim could not be given back; it ends with this program: ${reportOf(error).message}`);
}

function inOtherHands(name: string): WorkbenchError {
  return new WorkbenchError('conflict', `Another program is in charge of “${name}” now.`, {
    remedy: 'Wait for it to end, or stop it first.',
  });
}
