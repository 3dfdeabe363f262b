import { z } from 'zod';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { reportDataId, reportModelSchema } from '../../shared/domain/reports/report-model.ts';
import type { ReportModel } from '../../shared/domain/reports/report-model.ts';
import { reportRowSchema } from '../../shared/domain/reports/report-row.ts';
import type { ReportRow } from '../../shared/domain/reports/report-row.ts';

/**
 * Opens a report again, from its HTML or its JSON: nothing in the file runs, and its data is believed only as far as it fits
 * the schema. The JSON has every row, so all its flips become cases; the HTML has the worst.
 */
export function readReport(text: string, file?: string): ReportModel {
  const place = file === undefined ? {} : { place: { file } };
  if (/^\s*\{/.test(text)) return fromJson(parseJson(text, place), place);
  const opening = `<script type="application/json" id="${reportDataId}">`;
  const start = text.indexOf(opening);
  const end = start < 0 ? -1 : text.indexOf('</script>', start);
  if (end < 0) throw notAReport(file);
  return checked(reportModelSchema, parseJson(text.slice(start + opening.length, end), place), place);
}

const changed = new Set(['negative', 'positive']);

function fromJson(data: unknown, place: Place): ReportModel {
  if (typeof data !== 'object' || data === null || !('report' in data && 'rows' in data))
    throw notAReport(place.place?.file);
  const report = checked(reportModelSchema, data.report, place);
  const rows = checked(z.array(reportRowSchema), data.rows, place, 'rows').filter(({ kind }) => changed.has(kind));
  // A report on several comparisons has the rows of one; its cases then tell more.
  if (report.comparisons.length > 1) return report;
  const ledgers = new Map(report.cases.map((one) => [one.row.sampleId, one.ledgers]));
  const comparison = report.comparisons[0]?.title ?? '';
  const cases = rows.map((row) => ({ comparison, row, ledgers: ledgers.get(row.sampleId) ?? [] }));
  return { ...report, cases, casesTotal: cases.length };
}

type Place = { place?: { file: string; line?: number } };

function checked<T>(schema: z.ZodType<T>, data: unknown, place: Place, within = ''): T {
  if (within === '') refuseOtherVersions(data, place);
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  const field = [within, ...(first?.path ?? [])].filter((part) => part !== '').join('.');
  throw new WorkbenchError('corrupt', `The report’s data does not fit: ${first?.message ?? 'unknown'} at ${field}.`, {
    remedy: 'Export the report again.',
    place: { ...place.place, field },
  });
}

/** The report itself, of a file whose rows are read apart. */
export function readModel(data: unknown, file: string): ReportModel {
  return checked(reportModelSchema, data, { place: { file } });
}

export function readRow(data: unknown, file: string, line: number): ReportRow {
  return checked(reportRowSchema, data, { place: { file, line } }, 'rows');
}

export function notAReport(file?: string): WorkbenchError {
  const place = file === undefined ? {} : { place: { file } };
  return new WorkbenchError('bad-input', 'This file is not a report of the workbench: it carries no report data.', {
    remedy: 'Choose an HTML or JSON file that was exported as a report.',
    ...place,
  });
}

function parseJson(text: string, place: Place): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new WorkbenchError('corrupt', 'The report’s data is damaged: it is not JSON.', {
      remedy: 'Export the report again, or use an undamaged copy.',
      cause,
      ...place,
    });
  }
}

function refuseOtherVersions(data: unknown, place: Place): void {
  const version = typeof data === 'object' && data !== null && 'version' in data ? data.version : undefined;
  if (version === 1) return;
  throw new WorkbenchError('unsupported', `The report’s data has version ${String(version)}; this workbench reads 1.`, {
    remedy: 'Open it with the release that wrote it.',
    ...place,
  });
}
