import path from 'node:path';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { Comparisons } from '../comparing/comparisons.ts';
import type { Core } from '../core.ts';
import { cardOf } from '../hub/card.ts';
import { upload, type Uploaded, uploadTarget } from '../hub/push.ts';
import type { Task } from '../supervision/task.ts';
import { factsOfReport, factsOfWeights } from './card-facts.ts';
import type { ReportOut } from './report-out.ts';
import type { WeightsOut } from './weights-out.ts';

/** Refuses what no card describes, and names that are none, before anything is written. */
export function requirePushable(what: string, to: string): void {
  if (!['checkpoint', 'adapter', 'report'].includes(what)) {
    throw new WorkbenchError('bad-input', `A ${what} is not uploaded.`, {
      remedy: 'Upload a checkpoint, an adapter or a report; leave --push out for the file alone.',
    });
  }
  uploadTarget(to);
}

/** Uploads what was just written, with a card that says where it comes from. */
export async function pushExport(
  sources: { core: Core; comparisons: Comparisons },
  { name, written, to }: { name: string; written: { path: string } | WeightsOut | ReportOut; to: string },
  task: Task,
): Promise<Uploaded> {
  if ('report' in written) {
    const { report } = written;
    const facts = { ...(await factsOfReport(sources, report, task)), title: report.title, kind: 'report' as const };
    const files = [{ name: report.fileName, file: written.path }];
    return upload({ to, files, card: cardOf({ ...facts, load: [] }), title: `Add ${report.title}` }, task);
  }
  if (!('format' in written)) throw new Error('nothing else is uploaded');
  const facts = await factsOfWeights(sources, name, task);
  const kind = written.format === 'safetensors' ? 'model' : written.format;
  // Lines that load a folder of this machine would help nobody there.
  const load = written.load.map(({ tool, command }) => ({ tool, command: command.replaceAll(written.path, to) }));
  return upload(
    {
      to,
      files: written.files
        .filter((file) => file.name !== 'README.md')
        .map((file) => ({ name: file.name, file: path.join(written.path, file.name) })),
      card: cardOf({ ...facts, kind, load: kind === 'gguf' ? [] : load }),
      title: `Add ${facts.title}`,
    },
    task,
  );
}
