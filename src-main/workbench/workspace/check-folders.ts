import { lstat } from 'node:fs/promises';
import path from 'node:path';
import type { ModelRecord, ReportRecord } from '../../shared/domain/entities.ts';
import { wholeTextsEnding } from '../../shared/domain/reports/short-row.ts';
import type { Core } from '../core.ts';
import { namesIn } from './check-files.ts';
import type { Finding } from './check-workspace.ts';
import { removeInside } from './inside.ts';

/** Folders in `models/` that no model of the store is in. */
export async function checkModelFolders(core: Core, models: readonly ModelRecord[]): Promise<Finding[]> {
  const { layout } = core;
  const known = new Set(models.map(({ path: place }) => topOf(layout.models, path.resolve(layout.root, place))));
  const unknown = (await namesIn(layout.models)).filter((name) => !known.has(name));
  return Promise.all(unknown.map((name) => unknownPlace(layout.models, name, 'belongs to no model of this workspace')));
}

/** Folders in `reports/` that no report of the store has, and files in those of reports that are not theirs. */
export async function checkReportFolders(core: Core, reports: readonly ReportRecord[]): Promise<Finding[]> {
  const { layout } = core;
  const byFolder = new Map<string, ReportRecord>(reports.map((report) => [report.id, report]));
  const findings: Finding[] = [];
  for (const name of await namesIn(layout.reports)) {
    const report = byFolder.get(name);
    if (report === undefined)
      findings.push(await unknownPlace(layout.reports, name, 'belongs to no report of this workspace'));
    else {
      const own = [report.fileName, path.parse(report.fileName).name + wholeTextsEnding];
      const others = (await namesIn(path.join(layout.reports, name))).filter((file) => !own.includes(file));
      for (const file of others) findings.push(unknownFile(path.join(layout.reports, name, file)));
    }
  }
  return findings;
}

/** What is in `uploads/` and `exports/` and is not on the list of what is tidied. */
export async function checkMadeFiles({ layout, store }: Core): Promise<Finding[]> {
  const made = await store.listMadeFiles();
  const findings: Finding[] = [];
  for (const place of ['uploads', 'exports'] as const) {
    const known = new Set(made.filter((one) => one.place === place).map(({ folder }) => folder));
    for (const name of await namesIn(layout[place])) {
      if (!known.has(name))
        findings.push(await unknownPlace(layout[place], name, 'is not on the list of what the workbench made'));
    }
  }
  return findings;
}

/** The first part of the way from a folder to a place inside it; null where it is elsewhere. */
function topOf(folder: string, place: string): string | null {
  const [top = ''] = path.relative(folder, place).split(path.sep);
  return top === '' || top === '..' || path.isAbsolute(top) ? null : top;
}

/** Empty folders can go; what holds something may be somebody's. */
async function unknownPlace(root: string, name: string, why: string): Promise<Finding> {
  const place = path.join(root, name);
  const isEmpty = (await lstat(place)).isDirectory() && (await namesIn(place)).length === 0;
  const message = `${place} ${why}.`;
  if (!isEmpty) return { kind: 'unknown-folder', message, remedy: 'See what it holds, then move or remove it.' };
  const remedy = 'It is empty; flipguard doctor --check --repair removes it.';
  return { kind: 'unknown-folder', message, remedy, repair: () => removeInside(root, name) };
}

function unknownFile(place: string): Finding {
  const message = `${place} is in no record of this workspace.`;
  return { kind: 'unknown-file', message, remedy: 'See what it is, then move or remove it.' };
}
