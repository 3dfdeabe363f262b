import { randomUUID } from 'node:crypto';
import { rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeWhole } from '../../system/whole-file.ts';
import type { PdfPrinter } from '../../reports/pdf.ts';
import { renderHtml } from '../../reports/html/page.ts';
import { renderMarkdown } from '../../reports/markdown.ts';
import { reportModel, reportSections } from '../../shared/domain/reports/report-model.ts';
import type { ReportSection } from '../../shared/domain/reports/report-model.ts';
import { applyTemplate } from '../../reports/template.ts';
import type { Redaction } from '../../reports/template.ts';
import type { Job, OpenedReport } from '../../shared/contract/views.ts';
import type { ReportRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError, assertNever } from '../../shared/domain/errors.ts';
import type { Correction } from '../../shared/domain/statistics/multiple-tests.ts';
import type { FlipFilter, FlipSort } from '../../shared/domain/flip-view.ts';
import type { Comparisons } from '../comparing/comparisons.ts';
import type { Core } from '../core.ts';
import { reportFormats } from '../../shared/domain/reports/report-formats.ts';
import { inside } from '../workspace/inside.ts';
import { safeFileName } from '../workspace/files.ts';
import type { Files } from '../workspace/files.ts';
import type { MadeFiles } from '../workspace/made-files.ts';
import { existing } from '../workspace/names.ts';
import type { Samples } from '../comparing/samples.ts';
import type { Statistics } from '../statistics/statistics.ts';
import type { Task } from '../supervision/task.ts';
import { assembleReport } from './assemble.ts';
import type { LongCase } from './comparison-parts.ts';
import { studyTable } from './study-table.ts';
import { readReportFile } from './report-file.ts';
import { flipToolFiles, toolEndings } from './flip-tool-files.ts';
import type { FlipsOutRequest } from './flip-tool-files.ts';
import { writeFlipRows } from './row-file.ts';
import type { RowExport } from './row-file.ts';
import { shortenedCases, wholeTextsFile, writeWholeTexts } from './whole-texts.ts';
import { comparisonName } from '../../shared/presentation/names.ts';
import { toolNames } from '../../shared/presentation/flip-tools.ts';
import { plural } from '../../shared/presentation/words.ts';
import { makeFolder } from '../../system/folders.ts';

export type ReportSubject = ReportRecord['subject'];

export interface ReportRequest {
  subject: ReportSubject;
  format: ReportRecord['format'];
  title?: string | undefined;
  sections?: readonly string[] | undefined;
  redact?: Redaction;
  /** How p-values of slices are adjusted; by Holm by default. */
  correction?: Correction | undefined;
}

export interface Reports {
  list(): Promise<ReportRecord[]>;
  /** Writes a report into the workspace, as a job. */
  start(request: ReportRequest): Job;
  /** Writes a report to a place that the trusted side chose. */
  write(request: ReportRequest, out: string, task: Task): Promise<WrittenReport>;
  /** Writes a report into the workspace and lists it. */
  add(request: ReportRequest, task: Task): Promise<ReportRecord & { path: string }>;
  fileOf(reportId: string): Promise<string>;
  /** Opens a written HTML or JSON report again. */
  read(file: string): Promise<OpenedReport>;
  /** Rows of a flip list, all of them, as a job. */
  exportFlips(request: RowExport): Job;
  /** A flip list as files of another tool, as a job. Its result has `download` and `fileName`, of a second file `download2` and `fileName2`. */
  flipsOut(request: FlipsOutRequest): Job;
}
export interface WrittenReport {
  path: string;
  title: string;
  sizeBytes: number;
  /** File with the whole texts of its cases, where it shortens any. */
  texts: string | null;
}

/** Formats that people read: long texts are shortened in them. The others are for programs and have all. */
function isRead(format: ReportRecord['format']): boolean {
  return format === 'html' || format === 'md' || format === 'pdf';
}

export interface ReportsOptions {
  comparisons: Comparisons;
  samples: Samples;
  files: Files;
  madeFiles: MadeFiles;
  statistics: Statistics;
  version: string;
  printPdf: PdfPrinter | undefined;
}

export function createReports(core: Core, options: ReportsOptions): Reports {
  const { store, bus, jobs, layout } = core;
  const context = { core, ...options };

  /** What can be refused before any work is done. */
  function checkRequest({ format, sections }: ReportRequest): ReportSection[] | undefined {
    if (format === 'pdf') presentPrinter(options.printPdf);
    return checkSections(sections);
  }

  async function write(request: ReportRequest, out: string, task: Task): Promise<WrittenReport> {
    const sections = checkRequest(request);
    const { model, rowsOf, long } = await assembleReport(context, request, task);
    const cut = applyTemplate(model, { ...(sections === undefined ? {} : { sections }), redact: request.redact ?? {} });
    await atomically(out, async (draft) => {
      switch (request.format) {
        case 'html':
          return writeFile(draft, renderHtml(cut));
        case 'md':
          return writeFile(draft, renderMarkdown(cut));
        case 'pdf':
          return writeFile(draft, await presentPrinter(options.printPdf).print(renderHtml(cut)));
        case 'csv':
        case 'json':
        case 'ndjson':
        case 'parquet':
          if (rowsOf === null) return writeFile(draft, studyTable(cut, request.format));
          return writeFlipRows(
            core,
            rowsOf,
            { format: request.format, model: cut, redact: request.redact ?? {} },
            draft,
            task,
          );
        default:
          return assertNever(request.format);
      }
    });
    const texts = isRead(request.format) ? await keepWholeTexts(shortenedCases(cut, long), out, task) : null;
    return { path: out, title: cut.title, sizeBytes: (await stat(out)).size, texts };
  }

  /** Next to the report, where it shortens any. */
  async function keepWholeTexts(cases: readonly LongCase[], out: string, task: Task): Promise<string | null> {
    if (cases.length === 0) return null;
    const file = wholeTextsFile(out);
    await atomically(file, (draft) => writeWholeTexts(core, cases, draft, task));
    return file;
  }

  async function add(request: ReportRequest, task: Task): Promise<ReportRecord & { path: string }> {
    const id = randomUUID();
    const folder = path.join(layout.reports, id);
    await makeFolder(folder);
    const draft = path.join(folder, `report.${request.format}`);
    const written = await write(request, draft, task);
    const fileName = safeFileName(`${written.title}.${request.format}`);
    await rename(draft, path.join(folder, fileName));
    if (written.texts !== null) await rename(written.texts, wholeTextsFile(path.join(folder, fileName)));
    const { subject, format } = request;
    const record = await store.addReport({
      id,
      title: written.title,
      format,
      subject,
      fileName,
      sizeBytes: written.sizeBytes,
    });
    bus.publish({ topic: 'changed', lists: ['reports'] });
    return { ...record, path: path.join(folder, fileName) };
  }

  return {
    list: () => store.listReports(),
    write,
    add,
    start(request) {
      checkRequest(request);
      return jobs.start({ kind: 'report', title: request.title ?? `Report (${request.format})` }, async (task) => ({
        reportId: (await add(request, task)).id,
      }));
    },
    async fileOf(reportId) {
      return reportFile(layout, existing('report', await store.getReport(reportId), reportId));
    },
    read: readReportFile,
    flipsOut(request) {
      return jobs.start({ kind: 'export', title: `Flips for ${toolNames[request.tool]}` }, (task) =>
        writeForTool(request, task),
      );
    },
    exportFlips(request) {
      return jobs.start({ kind: 'export', title: `Flips (${request.format})` }, async (task) => {
        const { comparison, model } = await assembleForRows(request);
        const fileName = safeFileName(`${comparison.leftName} to ${comparison.rightName}.${request.format}`);
        const out = await options.madeFiles.make('exports', fileName, (file) =>
          atomically(file, (draft) =>
            writeFlipRows(core, request, { format: request.format, model, redact: {} }, draft, task),
          ),
        );
        return { download: options.files.downloadPath(out), fileName };
      });
    },
  };

  async function writeForTool(request: FlipsOutRequest, task: Task): Promise<Record<string, string>> {
    const { leftName, rightName } = await options.comparisons.get(request.comparisonId);
    const name = safeFileName(`${leftName} to ${rightName} flips.${toolEndings[request.tool]}`);
    const { files, written, samples, leftOut } = await flipToolFiles(context, request, { name }, task);
    const result: Record<string, string> = {
      said: [
        `${written} of ${plural(samples, 'sample')} written.`,
        ...leftOut.map(({ count, why }) => `${count} ${why}.`),
      ].join(' '),
    };
    for (const [index, { suffix, text }] of files.entries()) {
      const out = await options.madeFiles.make('exports', name + suffix, (file) =>
        atomically(file, (draft) => writeFile(draft, text)),
      );
      const mark = index === 0 ? '' : String(index + 1);
      result[`download${mark}`] = options.files.downloadPath(out);
      result[`fileName${mark}`] = name + suffix;
    }
    return result;
  }

  async function assembleForRows(request: RowExport) {
    const comparison = await options.comparisons.get(request.comparisonId);
    const title = comparisonName(comparison.leftName, comparison.rightName);
    const subject = { kind: 'comparison' as const, ids: [comparison.id] };
    return { comparison, model: reportModel({ createdAt: new Date().toISOString(), title, question: '', subject }) };
  }
}

/** Where a report is. What is opened is decided by the report's format: a stored name with another ending is refused. */
function reportFile(layout: Core['layout'], report: ReportRecord): string {
  const known = reportFormats.some((format) => format === report.format);
  if (known && report.fileName.endsWith(`.${report.format}`)) {
    const file = inside(layout.reports, report.id, report.fileName);
    if (path.dirname(file) === path.join(layout.reports, report.id)) return file;
  }
  throw new WorkbenchError(
    'corrupt',
    `The file of the report “${report.title}” is not one that the workbench writes.`,
    {
      remedy: 'It was edited by hand or is malicious. Export the report again.',
      place: { file: report.fileName },
    },
  );
}

/** Rows to write, and in which order. */
export type RowsOf = { comparisonId: string; filter: FlipFilter; sort: FlipSort };

function checkSections(names: readonly string[] | undefined): ReportSection[] | undefined {
  return names?.map((name) => {
    const section = reportSections.find((known) => known === name);
    if (section !== undefined) return section;
    throw new WorkbenchError('bad-input', `A report has no section “${name}”.`, {
      remedy: `It has ${reportSections.join(', ')}.`,
    });
  });
}

function presentPrinter(printer: PdfPrinter | undefined): PdfPrinter {
  if (printer !== undefined) return printer;
  throw new WorkbenchError('unavailable', 'A PDF is printed by Chromium or Chrome, and none was found on the PATH.', {
    remedy:
      'Install one, or start the workbench with $FLIPGUARD_CHROMIUM naming its program. Or write HTML and print that from any browser.',
  });
}

/** Readers see the whole file or none. */
async function atomically(out: string, make: (draft: string) => Promise<void>): Promise<void> {
  try {
    await makeWhole(out, make);
  } catch (error) {
    throw asIoError(error, out);
  }
}

function asIoError(error: unknown, out: string): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (error instanceof WorkbenchError || code === undefined) return error;
  return new WorkbenchError('io', `${out} could not be written: ${(error as Error).message}`, {
    remedy: 'Choose a folder that exists, is writable and has space.',
    place: { file: out },
    cause: error,
  });
}
