import { readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { ReadableDb, WritableDb } from '../database.ts';
import { inTransaction } from '../database.ts';
import { workspaceTables } from './001-workspace.ts';
import { searchTables } from './002-search.ts';
import { oneContentHash } from './003-content-hash.ts';
import { modelSources } from './004-model-sources.ts';
import { marksOfThings } from './005-marks.ts';
import { measures } from './006-measures.ts';
import { changeKindTables } from './007-change-kinds.ts';
import { madeFiles } from './008-made-files.ts';
import { dataRoom } from './009-data-room.ts';
import { runOrigins } from './010-run-origins.ts';
import { studies } from './011-studies.ts';
import { suspectsAndAlerts } from './012-suspects-and-alerts.ts';
import { finishedRuns } from './013-finished-runs.ts';
import { judgedStatementTables } from './014-judged-statements.ts';
import { rowPrefixes } from './015-row-prefixes.ts';
import { importDecisions } from './016-import-decisions.ts';
import { judgeReplies } from './017-judge-replies.ts';
import { mergeRecipes } from './018-merge-recipes.ts';
import { stepAnswers } from './019-step-answers.ts';
import { mixedComparisons } from './020-mixed-comparisons.ts';
import { resultTags } from './021-result-tags.ts';
import { makeFolderSync } from '../../system/folders.ts';

/** One step from `version - 1` to `version`. A landed migration is never edited. */
export interface Migration {
  version: number;
  name: string;
  /** What the script may call beyond SQLite's own functions; each gives the same for the same. */
  functions?: Record<string, (...texts: never[]) => Uint8Array>;
  script: string;
}

export const migrations: readonly Migration[] = [
  workspaceTables,
  searchTables,
  oneContentHash,
  modelSources,
  marksOfThings,
  measures,
  changeKindTables,
  madeFiles,
  dataRoom,
  runOrigins,
  studies,
  suspectsAndAlerts,
  finishedRuns,
  judgedStatementTables,
  rowPrefixes,
  importDecisions,
  judgeReplies,
  mergeRecipes,
  stepAnswers,
  mixedComparisons,
  resultTags,
];

/** Marks the file as a workspace (“FGWB”), so that another program's database is not taken for one. */
const applicationId = 0x46475742;
const backupsKept = 3;

/**
 * Brings the file to the newest version: a backup first, then every missing step in one transaction, all or nothing.
 * A newer file, or a file of another program, is refused untouched.
 */
export async function migrate(db: WritableDb, steps: readonly Migration[] = migrations): Promise<number> {
  const newest = newestOf(steps);
  refuseForeign(db, steps);
  const found = versionOf(db);
  if (found === newest) {
    // SQLite opens a file that may not be written without a word; writing what is there already finds it out now.
    db.raw.pragma(`user_version = ${newest}`);
    return newest;
  }
  if (found > 0) await backUp(db, found);
  inTransaction(db, () => {
    // Another program may have migrated while the backup was written.
    refuseForeign(db, steps);
    const now = versionOf(db);
    for (const step of steps) if (step.version > now) take(db, step);
    db.raw.pragma(`application_id = ${applicationId}`);
    db.raw.pragma(`user_version = ${newest}`);
  });
  return newest;
}

function take(db: WritableDb, { functions = {}, script }: Migration): void {
  for (const [name, body] of Object.entries(functions)) db.raw.function(name, { deterministic: true }, body);
  db.raw.exec(script);
}

export function versionOf(db: ReadableDb): number {
  return Number(db.raw.pragma('user_version', { simple: true }));
}

function newestOf(steps: readonly Migration[]): number {
  return steps.at(-1)?.version ?? 0;
}

/** A newer workspace, and a database that is no workspace, are refused before anything is changed. */
export function refuseForeign(db: ReadableDb, steps: readonly Migration[] = migrations): void {
  const found = versionOf(db);
  const newest = newestOf(steps);
  const application = Number(db.raw.pragma('application_id', { simple: true }));
  const count = (text: string): number => Number(db.raw.prepare(text).pluck().get());
  const tables = count("SELECT count(*) FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'");
  if (application !== applicationId && (tables > 0 || found > 0)) {
    throw new WorkbenchError(
      'unsupported',
      `${basename(db.raw.name)} is a database of another program, not a workspace`,
      {
        remedy: 'Choose another workspace folder.',
      },
    );
  }
  // Workspaces come from other people too: a trigger in one would run here.
  if (count("SELECT count(*) FROM sqlite_master WHERE type IN ('trigger', 'view')") > 0) {
    throw new WorkbenchError(
      'unsupported',
      `${basename(db.raw.name)} holds triggers or views, which no workspace does`,
      {
        remedy: 'Do not use this file; ask for a fresh export.',
      },
    );
  }
  if (found > newest) {
    throw new WorkbenchError(
      'unsupported',
      `This workspace was written by a newer version of the workbench (its version is ${found}, this program knows ${newest}); nothing was changed`,
      { remedy: 'Update the workbench, or choose another workspace folder.' },
    );
  }
}

/** A consistent copy next to the workspace; the newest few are kept. */
async function backUp(db: WritableDb, version: number): Promise<void> {
  const folder = join(dirname(db.raw.name), 'backups');
  makeFolderSync(folder);
  const stamp = new Date().toISOString().replaceAll(/[:.]/g, '-');
  await db.raw.backup(join(folder, `before-migration-from-${version}-${stamp}.sqlite`));
  const old = readdirSync(folder)
    .filter((name) => name.startsWith('before-migration-from-'))
    .map((name) => ({ name, stamp: name.slice(-'2026-01-01T00-00-00-000Z.sqlite'.length) }))
    .sort((a, b) => (a.stamp < b.stamp ? 1 : -1))
    .slice(backupsKept);
  for (const { name } of old) rmSync(join(folder, name));
}
