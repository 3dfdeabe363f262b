import type { NewRecord } from '../api.ts';
import type { ReportRecord, SavedFilter } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { idOf } from '../../shared/domain/ids.ts';
import type { ReadableDb } from '../database.ts';
import { all, inTransaction, one, run, sql, value } from '../database.ts';
import { idFor } from '../keys.ts';
import type { Writer } from './marks.ts';
import { change } from './marks.ts';

/** Settings, saved filters and reports: a handful of rows each. */

export function getSetting(db: ReadableDb, key: string): string | null {
  return value<string>(db, sql`SELECT value FROM settings WHERE key = ${key}`) ?? null;
}

export function listSettings(db: ReadableDb): Record<string, string> {
  const rows = all<{ key: string; value: string }>(db, sql`SELECT key, value FROM settings ORDER BY key`);
  return Object.fromEntries(rows.map((row) => [row.key, row.value]));
}

export function setSetting(writer: Writer, key: string, text: string): void {
  inTransaction(writer.db, () => {
    run(
      writer.db,
      sql`INSERT INTO settings (key, value) VALUES (${key}, ${text}) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
    );
  });
}

export function listSavedFilters(db: ReadableDb): SavedFilter[] {
  return all<SavedFilter>(
    db,
    sql`SELECT id, name, query, created_at AS createdAt FROM saved_filters ORDER BY filter_key DESC`,
  ).map((row) => ({ ...row, id: idOf('filter', row.id) }));
}

export function saveFilter(writer: Writer, name: string, query: string): SavedFilter {
  const filter: SavedFilter = { id: idFor('filter'), name, query, createdAt: Date.now() };
  inTransaction(writer.db, () => {
    run(
      writer.db,
      sql`INSERT INTO saved_filters (id, name, query, created_at) VALUES (${filter.id}, ${name}, ${query}, ${filter.createdAt})`,
    );
  });
  return filter;
}

export function removeFilter(writer: Writer, id: string): void {
  const { changes } = inTransaction(writer.db, () => run(writer.db, sql`DELETE FROM saved_filters WHERE id = ${id}`));
  if (changes === 0) throw new WorkbenchError('not-found', 'This filter is not in the workspace');
}

interface ReportRow {
  id: string;
  title: string;
  format: ReportRecord['format'];
  subject: string;
  file_name: string;
  size_bytes: number;
  created_at: number;
}

export function listReports(db: ReadableDb): ReportRecord[] {
  return all<ReportRow>(db, sql`SELECT * FROM reports ORDER BY report_key DESC`).map(reportOf);
}

export function getReport(db: ReadableDb, id: string): ReportRecord | null {
  const row = one<ReportRow>(db, sql`SELECT * FROM reports WHERE id = ${id}`);
  return row === undefined ? null : reportOf(row);
}

function reportOf(row: ReportRow): ReportRecord {
  return {
    id: idOf('report', row.id),
    title: row.title,
    format: row.format,
    subject: JSON.parse(row.subject) as ReportRecord['subject'],
    fileName: row.file_name,
    sizeBytes: row.size_bytes,
    createdAt: row.created_at,
  };
}

export function addReport(writer: Writer, report: NewRecord<ReportRecord>): ReportRecord {
  const record: ReportRecord = { ...report, id: idFor('report', report.id), createdAt: Date.now() };
  change(writer, ['reports'], () => {
    run(
      writer.db,
      sql`INSERT INTO reports (id, title, format, subject, file_name, size_bytes, created_at)
          VALUES (${record.id}, ${record.title}, ${record.format}, ${JSON.stringify(record.subject)}, ${record.fileName},
                  ${record.sizeBytes}, ${record.createdAt})`,
    );
  });
  return record;
}

export const smallReads = { getSetting, listSettings, listSavedFilters, listReports, getReport };
export const smallWrites = { setSetting, saveFilter, removeFilter, addReport };
