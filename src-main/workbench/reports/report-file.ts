import { stat } from 'node:fs/promises';
import path from 'node:path';
import { readReport } from '../../imports/index.ts';
import type { OpenedReport } from '../../shared/contract/views.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';

/** Opens an HTML or JSON report again, in a process of its own; its name alone is told, never its folder. */
export async function readReportFile(file: string): Promise<OpenedReport> {
  const fileName = path.basename(file);
  const found = await stat(file).catch(() => null);
  if (found === null || !found.isFile()) {
    throw new WorkbenchError('not-found', `The report ${fileName} is gone.`, {
      remedy: 'Write it again, or choose another file.',
      place: { file: fileName },
    });
  }
  return { fileName, report: await readReport(file) };
}
