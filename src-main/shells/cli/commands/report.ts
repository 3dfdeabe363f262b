import path from 'node:path';
import { WorkbenchError } from '../../../shared/domain/errors.ts';
import { reportFormats } from '../../../shared/domain/reports/report-formats.ts';
import type { ReportFormat } from '../../../shared/domain/reports/report-formats.ts';
import type { ReportSubject } from '../../../workbench/reports/reports.ts';
import { handOver, requireWritable } from '../own-files.ts';
import type { CommandContext } from '../context.ts';
import type { ReportFlags } from '../options/comparisons.ts';
import { openComparison } from './compare.ts';

export async function reportCommand(context: CommandContext, subject: string[], flags: ReportFlags): Promise<void> {
  const { terminal, task } = context;
  const out = path.resolve(flags.out);
  await requireWritable(out);
  const { reports } = await context.workbench();
  const report = await reports.write(
    {
      subject: await subjectOf(context, subject, flags),
      format: formatOf(flags),
      correction: flags.correction,
      redact: { texts: flags.redactTexts === true, privateTags: flags.privateTag ?? [] },
      ...(flags.title === undefined ? {} : { title: flags.title }),
      ...(flags.sections === undefined ? {} : { sections: flags.sections }),
    },
    out,
    task,
  );
  terminal.settle();
  terminal.document(report);
  await handOver(report.path);
  terminal.print(`Report written: ${report.path}`);
}

export function formatOf({ format, out }: Pick<ReportFlags, 'format' | 'out'>): ReportFormat {
  const ending = path.extname(out).slice(1).toLowerCase();
  const found = format ?? reportFormats.find((known) => known === ending);
  if (found !== undefined) return found;
  throw new WorkbenchError('bad-input', `The ending of ${path.basename(out)} names no format of a report.`, {
    remedy: `Add --format: ${reportFormats.join(', ')}.`,
  });
}

/** One word is a run, two are the sides of a comparison; with --runs all are runs. */
export async function subjectOf(
  context: CommandContext,
  words: string[],
  flags: Omit<ReportFlags, 'correction' | 'out'>,
): Promise<ReportSubject> {
  const workbench = await context.workbench();
  if (flags.study !== undefined) {
    if (words.length > 0) {
      throw new WorkbenchError('bad-input', `A report is about the study “${flags.study}” or about “${words[0]}”.`, {
        remedy: 'With --study NAME leave the other names out.',
      });
    }
    return { kind: 'study', studyId: (await workbench.studies.find(flags.study)).id };
  }
  if (flags.runs === true) {
    const runs = await Promise.all(words.map((word) => workbench.runs.find(word)));
    return { kind: 'runs', runIds: runs.map(({ id }) => id) };
  }
  const [first, second, ...rest] = words;
  if (first === undefined || rest.length > 0) {
    throw new WorkbenchError('bad-input', 'A report is about LEFT RIGHT or about one RUN.', {
      remedy: 'For several runs side by side add --runs; --study NAME is about a study.',
    });
  }
  if (second === undefined) return { kind: 'run', runId: (await workbench.runs.find(first)).id };
  return { kind: 'comparison', comparisonId: (await openComparison(context, workbench, first, second, flags)).id };
}
