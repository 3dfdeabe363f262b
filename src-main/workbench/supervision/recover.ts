import type { RunRecord } from '../../shared/domain/entities.ts';
import type { ErrorReport } from '../../shared/domain/errors.ts';
import { reportOf } from '../../shared/domain/errors.ts';
import { claim } from './claim.ts';
import type { Core } from '../core.ts';
import { replayEvents } from './replay.ts';
import { runFolder } from '../runs/run-folder.ts';
import { hasEnded } from './supervise.ts';

export interface Recovery {
  /**
   * At start-up: runs that were under way and whose program is gone become `interrupted`, with everything their folders hold
   * taken in. Runs of another living program are left alone. A trainer that outlived its host ends its step and writes a
   * checkpoint; what it adds is taken in when it has left.
   */
  recover(): Promise<void>;
  /** Resolves when no trainer of an earlier program works on the run any more, and all it wrote is in the store. */
  settled(run: RunRecord): Promise<void>;
}

const orphanCheckMs = 500;

export function createRecovery(core: Core, signal: AbortSignal): Recovery {
  const late = new Map<string, Promise<void>>();

  async function recoverRun(run: RunRecord): Promise<void> {
    if (!(await takeIn(core, run))) return;
    if ((await runFolder(core.layout, run).livingTrainer()) === null) return;
    const settling = takeInLater(run).catch(console.error);
    late.set(run.id, settling);
    void settling.then(() => late.delete(run.id));
  }

  async function takeInLater(run: RunRecord): Promise<void> {
    await trainerGone(run);
    if (!signal.aborted) await takeIn(core, run);
  }

  async function trainerGone(run: RunRecord): Promise<void> {
    const folder = runFolder(core.layout, run);
    while (!signal.aborted && (await folder.livingTrainer()) !== null) {
      await new Promise<void>((resolve) => setTimeout(resolve, orphanCheckMs).unref());
    }
  }

  return {
    async recover() {
      const live = (await core.store.listRuns()).filter((run) => !hasEnded(run.status));
      await Promise.all(live.map(recoverRun));
    },
    settled: (run) => late.get(run.id) ?? trainerGone(run),
  };
}

/** False when another program looks after the run. */
async function takeIn(core: Core, { id }: RunRecord): Promise<boolean> {
  const run = await core.store.getRun(id);
  if (run === null) return false;
  const owned = await claim(runFolder(core.layout, run).file('owner')).catch(() => null);
  if (owned === null) return false;
  try {
    // A damaged file costs this run some events, never the workspace its start.
    const damage = await replayEvents(core, run).then(() => null, reportOf);
    await interruptUnlessDone(core, (await core.store.getRun(id)) ?? run, damage);
  } finally {
    await owned.release();
  }
  return true;
}

/** `stopped` was the trainer's own decision when its host vanished, not a person's. */
async function interruptUnlessDone(core: Core, run: RunRecord, error: ErrorReport | null): Promise<void> {
  const done = run.status === 'completed' || run.status === 'failed';
  const endedAt = run.endedAt ?? Date.now();
  const settled = done ? run : await core.store.updateRun(run.id, { status: 'interrupted', endedAt, error });
  core.bus.publish({ topic: 'run', run: settled });
  core.bus.publish({ topic: 'changed', lists: ['runs', 'evaluations'] });
}
