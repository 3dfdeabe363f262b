import type { RunRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { SiteJob } from '../../shared/domain/sites.ts';
import { hasEnded } from '../../shared/domain/run-states.ts';
import type { Core } from '../core.ts';
import type { Claim } from '../supervision/claim.ts';
import { readRunNote } from './run-note.ts';
import type { RunNote } from './run-note.ts';

/** A run that is to be handed over, with the claim that says whose it is. */
export interface OwnedRun {
  run: RunRecord;
  owner: Claim;
}

export interface Pending {
  abort: AbortController;
  done: Promise<void>;
  says: string;
  site: string;
  ended: Promise<RunRecord>;
  settle: (run: RunRecord) => void;
}

export function unsubmittedJob(runId: string, { says, site }: Pending): SiteJob {
  return {
    runId,
    site,
    jobId: '',
    phase: 'waiting',
    says: `Not submitted yet: ${says}`,
    node: null,
    expectedStartAt: null,
    attempt: 1,
    seenAt: null,
    trouble: null,
  };
}

export function siteGone(name: string): WorkbenchError {
  return new WorkbenchError('not-found', `The run is at “${name}”, and this workspace has no such site any more.`, {
    remedy: 'Add the site again under this name, and resume the run.',
  });
}

export function inOrder(submission: RunNote['submission'], runs: readonly OwnedRun[]): OwnedRun[] {
  return [...runs].sort((a, b) => submission.runIds.indexOf(a.run.id) - submission.runIds.indexOf(b.run.id));
}

/** Names of the runs that the site has and that have not ended. */
export async function openRunsAt(core: Core, site: string): Promise<string[]> {
  const open = [];
  for (const run of await core.store.listRuns()) {
    if (!hasEnded(run.status) && (await readRunNote(core.layout, run))?.site === site) open.push(run.name);
  }
  return open;
}

/** @throws WorkbenchError `conflict` while the site has work of ours. */
export function requireIdle(site: string, busy: boolean, open: readonly string[]): void {
  if (!busy && open.length === 0) return;
  throw new WorkbenchError('conflict', `“${site}” has work that has not ended: ${open.join(', ')}.`, {
    remedy: 'Stop it, or wait for it to end.',
  });
}
