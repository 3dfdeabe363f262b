import path from 'node:path';
import type { ModelRecord } from '../../shared/domain/entities.ts';
import { reportOf } from '../../shared/domain/errors.ts';
import type { Core } from '../core.ts';
import { throwIfCancelled } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';
import { checkRun, checkRunFolders, isThere, namesIn } from './check-files.ts';
import { checkMadeFiles, checkModelFolders, checkReportFolders } from './check-folders.ts';
import { inside } from './inside.ts';

/** Something that is not as it was recorded. `repair` is there where it loses nothing. */
export interface Finding {
  kind:
    | 'database'
    | 'rows'
    | 'unknown-folder'
    | 'outside'
    | 'missing-folder'
    | 'events'
    | 'missing-checkpoint'
    | 'damaged-checkpoint'
    | 'unknown-checkpoint'
    | 'missing-model'
    | 'damaged-model'
    | 'missing-report'
    | 'unknown-file';
  message: string;
  remedy: string;
  repair?: () => Promise<unknown>;
}

export interface CheckedFinding {
  kind: Finding['kind'];
  message: string;
  remedy: string;
  repaired: boolean;
}

export interface WorkspaceCheck {
  /** What was looked at, so that “no findings” says something. */
  checked: { runs: number; checkpoints: number; models: number; reports: number };
  findings: CheckedFinding[];
}

/** How a model's folder is hashed: as it was when the model was imported. */
export type HashModel = (model: ModelRecord, task: Task) => Promise<string>;

/**
 * Compares the whole workspace with what its records say: the database itself, row counts and digests, folders of runs, models
 * and reports in both directions, events, digests of checkpoints and models. With `repair`, does what loses nothing.
 */
export async function checkWorkspace(
  core: Core,
  hashModel: HashModel,
  { repair }: { repair: boolean },
  task: Task,
): Promise<WorkspaceCheck> {
  const { store } = core;
  const [runs, checkpoints, models, reports] = await Promise.all([
    store.listRuns(),
    store.listCheckpoints(),
    store.listModels(),
    store.listReports(),
  ]);
  const findings = await checkDatabase(core, task);
  findings.push(...(await checkRunFolders(core, runs)));
  for (const [i, run] of runs.entries()) {
    throwIfCancelled(task);
    task.progress('checking runs', i / runs.length);
    findings.push(...(await checkRun(core, run)));
  }
  for (const model of models) {
    throwIfCancelled(task);
    findings.push(...(await checkModel(core, model, hashModel, task)));
  }
  for (const { id, title, fileName } of reports) findings.push(...(await checkReport(core, id, title, fileName)));
  findings.push(...(await checkModelFolders(core, models)), ...(await checkReportFolders(core, reports)));
  findings.push(...(await checkMadeFiles(core)));
  const checked: CheckedFinding[] = [];
  for (const finding of findings) checked.push(await settle(finding, repair && !core.readOnly));
  const counts = { runs: runs.length, checkpoints: checkpoints.length, models: models.length, reports: reports.length };
  return { checked: counts, findings: checked };
}

async function settle({ kind, message, remedy, repair }: Finding, wanted: boolean): Promise<CheckedFinding> {
  if (!wanted || repair === undefined) return { kind, message, remedy, repaired: false };
  try {
    await repair();
    return { kind, message, remedy, repaired: true };
  } catch (error) {
    return {
      kind,
      message,
      remedy: `It could not be repaired: ${reportOf(error).message}. ${remedy}`,
      repaired: false,
    };
  }
}

async function checkDatabase({ store }: Core, task: Task): Promise<Finding[]> {
  task.progress('checking the database', 0);
  const integrity = await store.checkIntegrity();
  const findings: Finding[] = [];
  const remedy = 'Restore the newest file of the “backups” folder, or import an exported workspace in a new folder.';
  if (integrity !== 'ok') {
    findings.push({ kind: 'database', message: `${store.path} is damaged: ${integrity}.`, remedy });
  }
  const faults = await store.checkContents((fraction) => task.progress('counting rows', fraction));
  for (const { what, name, recorded, found, changed = false } of faults) {
    const said = changed
      ? `The rows of the ${what} “${name}” are not those that were recorded: their sha256 does not match.`
      : `The ${what} “${name}” has ${found} rows; ${recorded} were recorded.`;
    findings.push(
      what === 'references'
        ? { kind: 'rows', message: `${found} rows of the table ${name} refer to rows that are gone.`, remedy }
        : {
            kind: 'rows',
            message: said,
            remedy: `Undo its import and import it again, or: ${remedy}`,
          },
    );
  }
  return findings;
}

async function checkModel(core: Core, model: ModelRecord, hashModel: HashModel, task: Task): Promise<Finding[]> {
  const place = path.resolve(core.layout.root, model.path);
  const remedy = 'Bring its files back, or import the model again. Results that were made with it stay as they are.';
  if ((await namesIn(place)).length === 0) {
    // A study removes weights in between once they are measured; the recipe makes them again.
    if (model.recipe !== undefined) return [];
    return [{ kind: 'missing-model', message: `The folder of model “${model.name}” is gone: ${place}.`, remedy }];
  }
  const found = await hashModel(model, task).then(
    (sha256) => (sha256 === model.sha256 ? null : 'its sha256 does not match what was recorded'),
    (error: unknown) => {
      throwIfCancelled(task);
      return reportOf(error).message;
    },
  );
  if (found === null) return [];
  return [{ kind: 'damaged-model', message: `Model “${model.name}” (${place}) has changed: ${found}.`, remedy }];
}

async function checkReport({ layout }: Core, id: string, title: string, fileName: string): Promise<Finding[]> {
  try {
    if (await isThere(inside(layout.reports, id, fileName))) return [];
  } catch (error) {
    return [{ kind: 'outside', message: `Report “${title}”: ${reportOf(error).message}`, remedy: 'Remove it.' }];
  }
  const message = `The file of report “${title}” is gone: ${path.join(layout.reports, id, fileName)}.`;
  return [{ kind: 'missing-report', message, remedy: 'Write it again, or remove it from the list.' }];
}
