import type { RunRecord } from '../../shared/domain/entities.ts';
import { claim } from '../claim.ts';
import type { Core } from '../core.ts';
import { replayEvents } from './replay.ts';
import { runFolder } from './run-folder.ts';
import { hasEnded } from './supervise.ts';

const orphanCheckMs = 500;

/**
 * At start-up: runs that were under way and whose program is gone become `interrupted`, with everything their folders hold
 * taken in. Runs of another living program are left alone. A trainer that outlived its host ends its step and writes a
 * checkpoint; what it adds is taken in when it has left.
 */
export async function recoverRuns(core: Core, signal: AbortSignal): Promise<void> {
  const live = (await core.store.listRuns()).filter((run) => !hasEnded(run.status));
  await Promise.all(live.map((run) => recover(core, run, signal)));
}

async function recover(core: Core, run: RunRecord, signal: AbortSignal): Promise<void> {
  const folder = runFolder(core.layout, run);
  const owned = await claim(folder.file('owner')).catch(() => null);
  if (owned === null) return;
  try {
    await takeIn(core, run);
  } finally {
    await owned.release();
  }
  if ((await folder.livingTrainer()) !== null) void takeInLater(core, run, signal).catch(console.error);
}

/** Waits for the trainer of a killed program to leave. */
export async function trainerGone(core: Core, run: RunRecord, signal: AbortSignal): Promise<void> {
  const folder = runFolder(core.layout, run);
  while (!signal.aborted && (await folder.livingTrainer()) !== null) {
    await new Promise<void>((resolve) => setTimeout(resolve, orphanCheckMs).unref());
  }
}

async function takeInLater(core: Core, run: RunRecord, signal: AbortSignal): Promise<void> {
  await trainerGone(core, run, signal);
  if (signal.aborted) return;
  const owned = await claim(runFolder(core.layout, run).file('owner'));
  if (owned === null) return;
  try {
    const now = await core.store.getRun(run.id);
    if (now !== null) await takeIn(core, now);
  } finally {
    await owned.release();
  }
}

async function takeIn(core: Core, run: RunRecord): Promise<void> {
  await replayEvents(core, run);
  const now = (await core.store.getRun(run.id)) ?? run;
  // `stopped` was the trainer's own decision when its host vanished, not a person's.
  const settled =
    now.status === 'completed' || now.status === 'failed'
      ? now
      : await core.store.updateRun(run.id, { status: 'interrupted', endedAt: now.endedAt ?? Date.now() });
  core.bus.publish({ topic: 'run', run: settled });
  core.bus.publish({ topic: 'changed', lists: ['runs', 'evaluations'] });
}
