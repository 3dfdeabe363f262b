import { copyFile } from 'node:fs/promises';
import { constants } from 'node:fs';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { ReportRecord } from '../../shared/domain/entities.ts';
import type { Core } from '../core.ts';
import type { Reports } from '../reports/reports.ts';

export interface ReportOut {
  path: string;
  report: ReportRecord;
}

/** A report that was written before, by its title, its file’s name or its id; null where there is none of that name. */
export async function findReport(core: Core, name: string): Promise<ReportRecord | null> {
  const all = await core.store.listReports();
  const found = all.filter(({ id, title, fileName }) => [id, title, fileName].includes(name));
  if (found.length < 2) return found[0] ?? null;
  throw new WorkbenchError('bad-input', `${found.length} reports are called “${name}”.`, {
    remedy: `Name one by its file: ${found.map(({ fileName }) => fileName).join(', ')}.`,
  });
}

/** Its file, somewhere else. */
export async function exportReport(
  reports: Pick<Reports, 'fileOf'>,
  report: ReportRecord,
  { out, overwrite }: { out: string; overwrite: boolean },
): Promise<ReportOut> {
  await copyFile(await reports.fileOf(report.id), out, overwrite ? 0 : constants.COPYFILE_EXCL);
  return { path: out, report };
}
