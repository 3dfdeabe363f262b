import path from 'node:path';
import type { RunRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { claim } from './claim.ts';
import type { Claim } from './claim.ts';
import type { Core } from '../core.ts';
import { runFolder } from '../runs/run-folder.ts';
import type { RunRequest } from '../runs/run-folder.ts';
import { superviseRun } from './supervise.ts';
import type { LiveRun } from './supervise.ts';

/** Runs wait here for the device: one trains at a time, in the order they came, whichever program of this workspace asks. */
export interface RunQueue {
  /** Claims a run for this program; a conflict when another one has it. */
  own(run: { folder: string; name: string }): Promise<Claim>;
  /** Answers the run as queued. */
  add(run: RunRecord, owner: Claim, resume: boolean): Promise<RunRecord>;
  /** True when this process looks after the run, waiting or training. */
  has(runId: string): boolean;
  ask(runId: string, request: RunRequest): Promise<void>;
  setGuardWeight(runId: string, weight: number): void;
  /** Resolves when the run has ended; null when this process does not look after it. */
  ended(runId: string): Promise<RunRecord> | null;
  /** Stops what runs (with a checkpoint) and forgets what waits. */
  close(): Promise<void>;
}

interface Entry {
  run: RunRecord;
  resume: boolean;
  owner: Claim;
  live: LiveRun | null;
  ended: Promise<RunRecord>;
  settle: (run: RunRecord) => void;
}

const deviceRetryMs = 1000;

export function createRunQueue(core: Core): RunQueue {
  const entries = new Map<string, Entry>();
  const waiting: Entry[] = [];
  let working = false;
  let closing = false;

  async function own(run: { folder: string; name: string }): Promise<Claim> {
    const owner = await claim(runFolder(core.layout, run).file('owner'));
    if (owner === null) throw inOtherHands(run.name);
    return owner;
  }

  async function add(run: RunRecord, owner: Claim, resume: boolean): Promise<RunRecord> {
    let settle: Entry['settle'] = () => {};
    const ended = new Promise<RunRecord>((resolve) => (settle = resolve));
    const queued = await core.store.updateRun(run.id, { status: 'queued', error: null, endedAt: null });
    const entry: Entry = { run: queued, resume, owner, live: null, ended, settle };
    entries.set(run.id, entry);
    waiting.push(entry);
    core.bus.publish({ topic: 'run', run: queued });
    void work();
    return queued;
  }

  async function work(): Promise<void> {
    if (working) return;
    working = true;
    for (let entry = waiting[0]; entry !== undefined; entry = waiting[0]) {
      const device = await claimDevice(() => closing || !waiting.includes(entry as Entry));
      if (device === null) {
        if (closing) break;
        continue;
      }
      waiting.shift();
      await train(entry);
      await device.release();
    }
    working = false;
  }

  /** Waits while another program trains; null when nobody wants it any more. */
  async function claimDevice(givenUp: () => boolean): Promise<Claim | null> {
    const file = path.join(core.layout.locks, 'device.lock');
    while (!givenUp()) {
      const device = await claim(file);
      if (device !== null) return device;
      await new Promise((resolve) => setTimeout(resolve, deviceRetryMs));
    }
    return null;
  }

  async function train(entry: Entry): Promise<void> {
    entry.live = superviseRun(core, entry.run, entry.resume);
    await leave(entry, await entry.live.ended);
  }

  async function leave(entry: Entry, run: RunRecord): Promise<void> {
    entries.delete(entry.run.id);
    await entry.owner.release();
    entry.settle(run);
  }

  async function drop(entry: Entry, status: 'stopped' | 'interrupted'): Promise<void> {
    waiting.splice(waiting.indexOf(entry), 1);
    const run = await core.store.updateRun(entry.run.id, { status, endedAt: Date.now() });
    core.bus.publish({ topic: 'run', run });
    await leave(entry, run);
  }

  return {
    own,
    add,
    has: (runId) => entries.has(runId),
    async ask(runId, request) {
      const entry = entries.get(runId);
      if (entry?.live) entry.live.ask(request);
      else if (entry && request === 'stop') await drop(entry, 'stopped');
    },
    setGuardWeight: (runId, weight) => entries.get(runId)?.live?.setGuardWeight(weight),
    ended: (runId) => entries.get(runId)?.ended ?? null,
    async close() {
      closing = true;
      await Promise.all([...waiting].map((entry) => drop(entry, 'interrupted')));
      const live = [...entries.values()];
      for (const entry of live) entry.live?.ask('stop');
      await Promise.all(live.map((entry) => entry.ended));
    },
  };
}

function inOtherHands(name: string): WorkbenchError {
  return new WorkbenchError('conflict', `Another program looks after “${name}” now.`, {
    remedy: 'Wait for it to end, or stop it first.',
  });
}
