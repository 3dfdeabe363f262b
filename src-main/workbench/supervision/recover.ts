import { existsSync } from 'node:fs';
import type { RunRecord } from '../../shared/domain/entities.ts';
import type { ErrorReport } from '../../shared/domain/errors.ts';
import { reportOf } from '../../shared/domain/errors.ts';
import { hasEnded } from '../../shared/domain/run-states.ts';
import { Pending } from '../../system/pending.ts';
import { claim } from './claim.ts';
import type { Core } from '../core.ts';
import { takeInRest } from './replay.ts';
import { runFolder } from '../runs/run-folder.ts';
import { publishEnd } from './settle.ts';
import type { RunSupervisor } from './supervisor.ts';

export interface Recovery {
  /**
   * At start-up and from time to time: runs that were under way and whose program is gone become `interrupted`, with everything
   * their folders hold taken in. Runs of another living program are left alone. A trainer that outlived its host ends its step and
   * writes a checkpoint; what it adds is taken in when it has left. A run that cannot be settled costs the others nothing.
   */
  recover(): Promise<void>;
  /** Resolves when no trainer of an earlier program works on the run any more, and all it wrote is in the store. */
  settled(runId: string): Promise<void>;
  close(): Promise<void>;
}

const orphanCheckMs = 500;
const recoverEveryMs = 10_000;

export function createRecovery(core: Core, supervisor: RunSupervisor): Recovery {
  const late = new Map<string, Promise<void>>();
  const closing = new AbortController();
  const pending = new Pending((error) => reportUnrecovered(reportOf(error)));
  const watch = setInterval(() => pending.add(recover()), recoverEveryMs);
  watch.unref();
  let recovering: Promise<void> | null = null;

  /** One at a time: whoever asks while it is under way waits for that one. */
  function recover(): Promise<void> {
    recovering ??= recoverAll().finally(() => (recovering = null));
    return recovering;
  }

  async function recoverAll(): Promise<void> {
    if (closing.signal.aborted || core.readOnly) return;
    await supervisor.storeEnds();
    const live = (await core.store.listRuns()).filter((run) => !hasEnded(run.status) && !isOurs(run.id) && isHere(run));
    const failures = await Promise.all(live.map((run) => recoverRun(run).then(() => null, reportOf)));
    for (const failure of failures) if (failure !== null) reportUnrecovered(failure);
  }

  const isOurs = (runId: string): boolean => supervisor.has(runId) || supervisor.awaitsStore(runId);

  /** A run at a site needs no program of ours to continue. */
  const isHere = (run: RunRecord): boolean => !existsSync(runFolder(core.layout, run).file('site'));

  async function recoverRun(run: RunRecord): Promise<void> {
    if (!(await takeIn(core, run, isOurs))) return;
    if (late.has(run.id) || (await runFolder(core.layout, run).livingTrainer()) === null) return;
    // Not awaited here: the workspace opens while the orphan still works.
    late.set(
      run.id,
      takeInLater(run)
        .catch((error: unknown) => reportUnrecovered(reportOf(error)))
        .finally(() => late.delete(run.id)),
    );
  }

  async function takeInLater(run: RunRecord): Promise<void> {
    await trainerGone(run);
    if (!closing.signal.aborted) await takeIn(core, run, isOurs);
  }

  async function trainerGone(run: RunRecord): Promise<void> {
    const folder = runFolder(core.layout, run);
    while (!closing.signal.aborted && (await folder.livingTrainer()) !== null) await pause(closing.signal);
  }

  return {
    recover,
    async settled(runId) {
      const run = await core.store.getRun(runId);
      if (run !== null) await (late.get(runId) ?? trainerGone(run));
    },
    async close() {
      clearInterval(watch);
      closing.abort();
      await pending.settled();
      await Promise.all(late.values());
    },
  };
}

function reportUnrecovered({ message }: ErrorReport): void {
  console.error(`A run could not be recovered: ${message}`);
}

/** Until the next look, or the end of the program. */
function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, orphanCheckMs);
    signal.addEventListener('abort', done, { once: true });
  });
}

/** False when somebody looks after the run. */
async function takeIn(core: Core, { id }: RunRecord, isOurs: (runId: string) => boolean): Promise<boolean> {
  const run = await core.store.getRun(id);
  if (run === null || isOurs(id)) return false;
  const owned = await claim(runFolder(core.layout, run).file('owner')).catch(() => null);
  if (owned === null) return false;
  try {
    // Its end may have been stored while the claim was another program's. What an orphan decided for itself is looked at again.
    const now = (await core.store.getRun(id)) ?? run;
    if (hasEnded(now.status) && now.status !== 'interrupted') return false;
    // A damaged file costs this run some events, never the workspace its start.
    const damage = await takeInRest(core, now);
    await interruptUnlessDone(core, id, damage);
  } finally {
    await owned.release();
  }
  return true;
}

/** `stopped` was the trainer's own decision when its host vanished, not a person's. */
async function interruptUnlessDone(core: Core, runId: string, error: ErrorReport | null): Promise<void> {
  const { run } = await core.store.moveRun(runId, 'interrupted', error);
  publishEnd(core, run);
}
