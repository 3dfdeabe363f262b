import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { ReportModel } from '../../shared/domain/reports/report-model.ts';
import type { ReportRow } from '../../shared/domain/reports/report-row.ts';
import { shortRow } from '../../shared/domain/reports/short-row.ts';
import { readJsonArray } from '../records/json-array.ts';
import type { RawRecord } from '../records/record.ts';
import { ReadSession } from '../session.ts';
import { notAReport, readModel, readReport, readRow } from './read-report.ts';

/** An HTML report is read whole. What the workbench writes stays far below: its cases and their texts are bounded. */
const mostHtmlBytes = 300_000_000;
/** Flips that a window is sent, and characters of all their texts. */
const mostCases = 2000;
const mostCharacters = 20_000_000;

/**
 * Opens a report's HTML or JSON, however large, in bounded memory: of the JSON, which has every row, the changed ones with the
 * largest fall. Long texts are shortened.
 */
export async function readReportFile(file: string, onWork: () => void = () => undefined): Promise<ReportModel> {
  const model = (await beginsAsJson(file)) ? await readJsonReport(file, onWork) : await readHtmlReport(file);
  return bounded(model);
}

async function beginsAsJson(file: string): Promise<boolean> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(256), 0, 256, 0);
    return /^\uFEFF?\s*\{/.test(buffer.toString('utf8', 0, bytesRead));
  } finally {
    await handle.close();
  }
}

async function readHtmlReport(file: string): Promise<ReportModel> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    if (size > mostHtmlBytes) {
      throw new WorkbenchError('bad-input', `${basename(file)} is larger than ${mostHtmlBytes / 1e6} MB.`, {
        remedy: 'The workbench writes none of that size; write the report again.',
        place: { file: basename(file) },
      });
    }
    return readReport(await handle.readFile('utf8'), basename(file));
  } finally {
    await handle.close();
  }
}

/** Our own rows fit several times over; the report itself is what the HTML carries. */
const session = new ReadSession({ limits: { maxRecordBytes: 256e6, maxHeaderBytes: 128e6 } });

async function readJsonReport(file: string, onWork: () => void): Promise<ReportModel> {
  const name = basename(file);
  let header: unknown = null;
  const worst = new Worst();
  const chunks = createReadStream(file, { highWaterMark: 2 ** 20 }) as AsyncIterable<Buffer>;
  try {
    for await (const records of readJsonArray(chunks, name, ['rows'], session, (read) => (header = read ?? header))) {
      onWork();
      for (const record of records) worst.add(rowOf(record, name));
    }
  } catch (error) {
    // No list of rows in it.
    if (header === null && error instanceof WorkbenchError && error.code === 'bad-input') throw notAReport(name);
    throw error;
  }
  const around: unknown = header;
  if (typeof around !== 'object' || around === null || !('report' in around)) throw notAReport(name);
  return worst.completing(readModel(around.report, name));
}

function rowOf(record: RawRecord, file: string): ReportRow {
  if ('problem' in record) {
    throw new WorkbenchError('corrupt', `The report’s data is damaged: ${record.problem.message}`, {
      remedy: 'Export the report again, or use an undamaged copy.',
      place: { file, line: record.line },
    });
  }
  return readRow(record.value, file, record.line);
}

/** The changed rows with the largest fall, as many as a window is sent. */
class Worst {
  #rows: ReportRow[] = [];
  #changed = 0;

  add(row: ReportRow): void {
    if (row.kind !== 'negative' && row.kind !== 'positive') return;
    this.#changed++;
    this.#rows.push(shortRow(row).row);
    if (this.#rows.length >= 2 * mostCases) this.#rows = this.#largestFalls();
  }

  /** A report on several comparisons has the rows of one; its own cases then tell more. */
  completing(report: ReportModel): ReportModel {
    if (report.comparisons.length > 1) return report;
    const ledgers = new Map(report.cases.map((one) => [one.row.sampleId, one.ledgers]));
    const comparison = report.comparisons[0]?.title ?? '';
    const rows = this.#changed > mostCases ? this.#largestFalls() : this.#rows;
    const cases = rows.map((row) => ({ comparison, row, ledgers: ledgers.get(row.sampleId) ?? [] }));
    return { ...report, cases, casesTotal: this.#changed };
  }

  /** Stable: rows of one fall stay as they were written. */
  #largestFalls(): ReportRow[] {
    return this.#rows.toSorted((a, b) => (a.delta ?? 0) - (b.delta ?? 0)).slice(0, mostCases);
  }
}

function bounded(report: ReportModel): ReportModel {
  let characters = 0;
  const cases = report.cases
    .slice(0, mostCases)
    .map((one) => ({ ...one, row: shortRow(one.row).row }))
    .filter(({ row: { prompt, target, left, right, note } }) => {
      const texts = [prompt, target, left.output, right.output, note];
      characters += texts.reduce((sum, text) => sum + (text?.length ?? 0), 0);
      return characters <= mostCharacters;
    });
  const slices = report.comparisons.map((one) => ({
    ...one,
    summary: { ...one.summary, slices: one.summary.slices.slice(0, mostCases) },
  }));
  return { ...report, cases, comparisons: slices, casesTotal: Math.max(report.casesTotal, report.cases.length) };
}
