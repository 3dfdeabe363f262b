import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { CheckpointRecord, RunRecord } from '../../shared/domain/entities.ts';
import { hasEnded } from '../../shared/domain/run-states.ts';
import { reportOf } from '../../shared/domain/errors.ts';
import { isAlive } from '../../system/alive.ts';
import { draftSuffix, isBeingWritten, isLeftDraft } from '../../system/drafts.ts';
import { hashWeights, verifyCheckpoint } from '../../trainer/checkpoint-folder.ts';
import { readEventLines } from '../../trainer/event-lines.ts';
import type { Core } from '../core.ts';
import { runFiles, runFolder } from '../runs/run-folder.ts';
import { claim, holderOf } from '../supervision/claim.ts';
import { agreeOnRecord } from '../supervision/agree.ts';
import { inside, removeInside } from './inside.ts';
import type { Finding } from './check-workspace.ts';

/**
 * Folders in `runs/` that no run of the store has. What they hold may be weeks of work: only those of which no trainer has written
 * anything are removed, as a program leaves one that is killed while it prepares a run.
 */
export async function checkRunFolders(core: Core, runs: readonly RunRecord[]): Promise<Finding[]> {
  const known = new Set(runs.map((run) => path.basename(run.folder)));
  const unknown = (await namesIn(core.layout.runs)).filter((name) => !known.has(name));
  return Promise.all(
    unknown.map(async (name): Promise<Finding> => {
      const place = path.join(core.layout.runs, name);
      const unborn = await isUnborn(place);
      const message = `${place} belongs to no run of this workspace${unborn ? ': it was prepared and never begun' : ''}.`;
      if (!unborn) {
        const remedy = 'Restore the newest backup of workspace.sqlite to have the run back, or move the folder away.';
        return { kind: 'unknown-folder', message, remedy };
      }
      const remedy = 'flipguard doctor --check --repair removes it.';
      return { kind: 'unknown-folder', message, remedy, repair: () => removeInside(core.layout.runs, name) };
    }),
  );
}

/** A random UUID, as every run's folder is called. */
const folderName = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Whether a folder holds nothing but what is written before a run begins, by a program that is gone. */
async function isUnborn(place: string): Promise<boolean> {
  if (!(await lstat(place)).isDirectory()) return false;
  const before: readonly string[] = [runFiles.spec, runFiles.inputs, runFiles.owner];
  const names = await namesIn(place);
  if (names.length > 0 && !folderName.test(path.basename(place))) return false;
  if (names.some((name) => !before.includes(name) && !isLeftDraft(name))) return false;
  const holder = await holderOf(path.join(place, runFiles.owner));
  return holder === null || !isAlive(holder);
}

/** One run: its folder, its record of events, its checkpoints. A run at work is left alone, its folder changes meanwhile. */
export async function checkRun(core: Core, run: RunRecord): Promise<Finding[]> {
  if (!hasEnded(run.status)) return [];
  let folder: ReturnType<typeof runFolder>;
  try {
    folder = runFolder(core.layout, run);
  } catch (error) {
    const { message, remedy = '' } = reportOf(error);
    return [{ kind: 'outside', message: `Run “${run.name}”: ${message}`, remedy }];
  }
  if (!(await isThere(folder.path))) {
    return [
      {
        kind: 'missing-folder',
        message: `The folder of run “${run.name}” is gone: ${folder.path}.`,
        remedy: 'Restore it from a backup. Its curves and evaluations can still be read; it cannot be resumed.',
      },
    ];
  }
  return [...(await checkEvents(core, run)), ...(await checkCheckpoints(core, run, folder.path))];
}

/** Whether `events.ndjson` and the store have the same events: no damaged line, none missing on either side. */
async function checkEvents(core: Core, run: RunRecord): Promise<Finding[]> {
  const folder = runFolder(core.layout, run);
  const file = folder.file('events');
  let last = 0;
  let fault: string | null = null;
  for await (const { line, event } of readEventLines(file)) {
    if (event === null) fault ??= `line ${line} is not an event`;
    else if (event.seq !== last + 1) fault ??= `line ${line} is event ${event.seq}, after event ${last}`;
    last = event?.seq ?? last;
  }
  if (last !== run.lastSeq) fault ??= `it ends at event ${last}, and the workspace has events up to ${run.lastSeq}`;
  if (fault === null) return [];
  return [
    {
      kind: 'events',
      message: `${file} and the workspace do not agree on run “${run.name}”: ${fault}.`,
      remedy: 'flipguard doctor --check --repair brings both to one record and keeps the damaged file next to it.',
      async repair() {
        const owned = await claim(folder.file('owner'));
        if (owned === null) throw new Error(`run “${run.name}” is in another program's hands`);
        await agreeOnRecord(core, run).finally(() => owned.release());
      },
    },
  ];
}

async function checkCheckpoints(core: Core, run: RunRecord, folder: string): Promise<Finding[]> {
  const recorded = await core.store.listCheckpoints(run.id);
  if (run.origin !== undefined && run.origin !== null) return checkForeign(run, recorded);
  const found = await namesIn(path.join(folder, 'checkpoints'));
  const findings: Finding[] = [];
  for (const checkpoint of keptOf(run, recorded)) {
    const label = `${run.name}@${checkpoint.step}`;
    if (!found.includes(String(checkpoint.step))) {
      const message = `The checkpoint ${label} is gone: ${path.join(core.layout.root, checkpoint.path)}.`;
      findings.push({ kind: 'missing-checkpoint', message, remedy: 'Restore it from a backup, or train it again.' });
      continue;
    }
    const damage = await verifyCheckpoint(folder, checkpoint.step, checkpoint.sha256).then(() => null, reportOf);
    if (damage === null) continue;
    const { message, remedy = '' } = damage;
    findings.push({ kind: 'damaged-checkpoint', message: `The checkpoint ${label}: ${message}`, remedy });
  }
  const steps = new Set(recorded.map(({ step }) => String(step)));
  for (const name of found.filter((one) => !steps.has(one) && !isBeingWritten(one))) {
    const place = inside(folder, 'checkpoints', name);
    const isDraft = name.endsWith(draftSuffix);
    findings.push({
      kind: 'unknown-checkpoint',
      message: `${place} is in no record of run “${run.name}”${isDraft ? ': it was never finished' : ''}.`,
      remedy: isDraft
        ? 'flipguard doctor --check --repair removes it.'
        : 'Resuming the run trains it again; otherwise it can be moved away.',
      ...(isDraft ? { repair: () => removeInside(folder, 'checkpoints', name) } : {}),
    });
  }
  return findings;
}

/** Weights of another trainer, where they are: that it deletes old ones is its own affair. */
async function checkForeign(run: RunRecord, recorded: readonly CheckpointRecord[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const checkpoint of recorded) {
    if (!(await isThere(checkpoint.path)) || (await hashWeights(checkpoint.path)) === checkpoint.sha256) continue;
    findings.push({
      kind: 'damaged-checkpoint',
      message: `The checkpoint ${run.name}@${checkpoint.step} is not what was imported: ${checkpoint.path}.`,
      remedy: 'Its folder was overwritten: import the run again under another name.',
    });
  }
  return findings;
}

/** Those that the run's own rule keeps: older ones were removed as it asked. */
function keptOf(run: RunRecord, recorded: readonly CheckpointRecord[]): readonly CheckpointRecord[] {
  const { keep } = run.spec.checkpoint;
  if (keep === 'all') return recorded;
  return recorded.toSorted((a, b) => a.step - b.step).slice(-(keep === 'last' ? 1 : keep));
}

export async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch((): string[] => [])).sort();
}

export function isThere(place: string): Promise<boolean> {
  return lstat(place).then(
    () => true,
    () => false,
  );
}
