import { shownEvent } from '../../shared/domain/trainer-events.ts';
import type { Core } from '../core.ts';
import { hasEnded } from '../../shared/domain/run-states.ts';

const batchEvents = 500;

/**
 * Passes on what another program wrote to the same workspace: lists that changed, comparisons as they are built, and the
 * events of runs that it trains. `looksAfter` tells the runs of this program, whose events are published where they arrive.
 */
export function watchStore(core: Core, looksAfter: (runId: string) => boolean): () => void {
  const { store, bus } = core;
  const tails = new Map<string, number>();
  let following = Promise.resolve();

  async function followOthers(): Promise<void> {
    for (const run of await store.listRuns()) {
      const seen = tails.get(run.id);
      if (looksAfter(run.id) || (hasEnded(run.status) && seen === undefined)) continue;
      // A run met for the first time is told from here on: windows read what came before as a snapshot.
      if (seen === undefined) tails.set(run.id, run.lastSeq);
      else if (run.lastSeq > seen) await follow(run.id, seen, run.lastSeq);
      bus.publish({ topic: 'run', run });
      if (hasEnded(run.status)) tails.delete(run.id);
    }
  }

  async function follow(runId: string, from: number, to: number): Promise<void> {
    for (let after = from; after < to;) {
      const events = await store.runEvents(runId, after, batchEvents);
      if (events.length === 0) break;
      const shown = events.map(shownEvent).filter((event) => event !== null);
      if (shown.length > 0) bus.publish({ topic: 'run-events', runId, events: shown });
      after = events.at(-1)?.seq ?? to;
    }
    tails.set(runId, to);
  }

  return store.onChange(({ tables, comparison }) => {
    if (comparison !== undefined) bus.publish({ topic: 'comparison', comparison });
    if (tables.length > 0) bus.publish({ topic: 'changed', lists: tables });
    if (tables.includes('runs')) following = following.then(followOthers).catch(() => {});
  });
}
