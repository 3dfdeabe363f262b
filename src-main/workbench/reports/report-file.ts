import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { OpenedReport } from '../../shared/contract/views.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { Statistics } from '../statistics/statistics.ts';

/** Read whole and sent to the window whole, so there is an end to it. */
const maxBytes = 100e6;

/** Opens an HTML or JSON report again; its name alone is told, never its folder. */
export async function readReportFile(file: string, statistics: Statistics): Promise<OpenedReport> {
  const fileName = path.basename(file);
  const found = await stat(file).catch(() => null);
  if (found === null || !found.isFile()) {
    throw new WorkbenchError('not-found', `The report ${fileName} is gone.`, {
      remedy: 'Write it again, or choose another file.',
      place: { file: fileName },
    });
  }
  if (found.size > maxBytes) {
    throw new WorkbenchError('bad-input', `The file is larger than ${maxBytes / 1e6} MB.`, {
      remedy: 'Open the HTML report, which lists the worst flips, or read the rows with a tool for tables.',
      place: { file: fileName },
    });
  }
  const text = await readFile(file, 'utf8');
  return { fileName, report: await statistics.calculate<'read-report'>({ kind: 'read-report', text, fileName }) };
}
