import path from 'node:path';
import { assertNever, WorkbenchError } from '../../../shared/domain/errors.ts';
import { exportEvaluation, sampleFormats, type SampleFormat } from '../../../workbench/exporting/evaluation-out.ts';
import { exportMetrics, figureFormats, type FigureFormat } from '../../../workbench/exporting/metrics-out.ts';
import { pushExport, requirePushable } from '../../../workbench/exporting/push-out.ts';
import { exportReport, findReport, type ReportOut } from '../../../workbench/exporting/report-out.ts';
import { exportRun } from '../../../workbench/exporting/run-out.ts';
import { exportWeights, weightFormats } from '../../../workbench/exporting/weights-out.ts';
import type { WeightFormat, WeightsOut } from '../../../workbench/exporting/weights-out.ts';
import type { GgufType } from '../../../workbench/exporting/gguf-file.ts';
import { sizeText } from '../../../workbench/hub/download.ts';
import { exportDataset } from '../../../workbench/workspace/exports.ts';
import { exportWorkspaceFile, refuseExisting } from '../../../workbench/workspace/workspace-file.ts';
import type { CommandContext } from '../context.ts';
import type { ReportRecord } from '../../../shared/domain/entities.ts';
import { handOver, requireWritable } from '../own-files.ts';
import { plain } from '../terminal.ts';
import { formatOf, subjectOf } from './report.ts';

export interface ExportFlags {
  out: string;
  force?: boolean;
  format?: string;
  type: GgufType;
  suite?: string;
  push?: string;
}

/** What each thing is written as; the first by default. */
const formatsOf = {
  workspace: [],
  dataset: [],
  adapter: ['adapter'],
  checkpoint: weightFormats,
  metrics: figureFormats,
  evaluation: sampleFormats,
  run: [],
  report: [],
} as const satisfies Record<string, readonly string[]>;
type What = keyof typeof formatsOf;

export async function exportCommand(
  context: CommandContext,
  given: string,
  names: readonly string[],
  options: ExportFlags,
): Promise<void> {
  const { terminal, task } = context;
  const what = whatOf(given);
  const formats: readonly string[] = formatsOf[what];
  const format = options.format ?? formatOfEnding(what, options.out) ?? formats[0] ?? null;
  if (format !== null && !formats.includes(format)) throw wrongFormat(what, format, formats);
  if (what !== 'metrics' && what !== 'report' && names.length > 1)
    throw new WorkbenchError('bad-input', `One ${what} is exported at a time; ${names.length} names were given.`);
  if (options.push !== undefined) requirePushable(what, options.push);
  const { core, comparisons, reports } = await context.workbench();
  const out = path.resolve(options.out);
  const overwrite = options.force === true;
  if (!overwrite) await refuseExisting(out);
  const written = await write();
  // A workspace stays private: it holds everything.
  if (what !== 'workspace') await handOver(written.path);
  const uploaded =
    options.push === undefined
      ? null
      : await pushExport({ core, comparisons }, { name: names[0] ?? '', written, to: options.push }, task);
  terminal.settle();
  terminal.document(uploaded === null ? written : { ...written, uploaded });
  terminal.print(`Written: ${plain(written.path)}`);
  if ('load' in written) printWeights(context, written);
  if (uploaded === null) return;
  const made = uploaded.made ? ', a new repository that only you see until you make it public' : '';
  terminal.print(`Uploaded: ${uploaded.url}${made}; its card is ${uploaded.cardFile}.`);

  /** One that the workspace lists, else one that is written now of a run or of two sides. */
  async function reportOf(name: string): Promise<ReportRecord> {
    const known = names.length > 1 ? null : await findReport(core, name);
    if (known !== null) return known;
    const subject = await subjectOf(context, [...names], {});
    await requireWritable(out);
    return reports.add({ subject, format: formatOf({ out }) }, task);
  }

  async function write(): Promise<{ path: string } | WeightsOut | ReportOut> {
    switch (what) {
      case 'workspace':
        return exportWorkspaceFile(core, out, task, { overwrite });
      case 'dataset':
        return exportDataset(core, needName(what, names[0]), out);
      case 'adapter':
      case 'checkpoint':
        return exportWeights(
          core,
          { name: needName(what, names[0]), format: format as WeightFormat, type: options.type, out },
          task,
        );
      case 'metrics':
        if (names.length === 0) needName('run', undefined);
        return exportMetrics(core, { names, format: format as FigureFormat, out, overwrite }, task);
      case 'evaluation':
        return exportEvaluation(
          core,
          { name: needName(what, names[0]), suite: options.suite, format: format as SampleFormat, out, overwrite },
          task,
        );
      case 'report':
        return exportReport(reports, await reportOf(needName(what, names[0])), { out, overwrite });
      case 'run':
        return exportRun(core, { name: needName(what, names[0]), out }, task);
      default:
        return assertNever(what);
    }
  }
}

function whatOf(given: string): What {
  if (Object.hasOwn(formatsOf, given)) return given as What;
  throw new WorkbenchError('bad-input', `“${given}” cannot be exported.`, {
    remedy:
      'Export adapter NAME, checkpoint NAME, dataset NAME, metrics RUN…, evaluation NAME, report TITLE (or RUN, or OLD NEW), run NAME or workspace.',
  });
}

/** Endings that say what kind of table a file is; one of another kind would be misread by whoever opens it. */
const tableEndings: readonly string[] = ['jsonl', 'ndjson', 'json', 'parquet', 'csv', 'tsv', 'xlsx', 'arrow'];

/** The format that an ending asks for where a thing is written as a table; null where it asks for none. */
function formatOfEnding(what: What, out: string): string | null {
  if (what !== 'evaluation' && what !== 'metrics' && what !== 'dataset') return null;
  const ending = path.extname(out).slice(1).toLowerCase();
  if (!tableEndings.includes(ending)) return null;
  const format = ending === 'ndjson' ? 'jsonl' : ending;
  // A dataset has one format, which has no name to choose it by.
  return what === 'dataset' && format === 'jsonl' ? null : format;
}

function wrongFormat(what: What, format: string, formats: readonly string[]): WorkbenchError {
  const message = `${what === 'adapter' ? 'An' : 'A'} ${what} is not written as “${format}”.`;
  return new WorkbenchError('bad-input', what === 'metrics' ? `Metrics are not written as “${format}”.` : message, {
    remedy:
      what === 'dataset'
        ? 'It is written as JSON Lines: end the file’s name with .jsonl, and leave --format out.'
        : formats.length === 0
          ? 'Leave --format out.'
          : `Choose with --format: ${formats.join(', ')}.`,
  });
}

/** What was written, its hash, and how other tools load it. */
function printWeights({ terminal }: CommandContext, { files, load }: WeightsOut): void {
  for (const { name, sizeBytes, sha256 } of files)
    terminal.print(`  ${name}  ${sizeText(sizeBytes)}  sha256 ${sha256}`);
  for (const { tool, command } of load) terminal.print(`${tool}: ${command}`);
}

function needName(what: string, name: string | undefined): string {
  if (name !== undefined) return name;
  throw new WorkbenchError('bad-input', `Which ${what}? Give its name.`);
}
