import type { ReportModel } from '../../shared/domain/reports/report-model.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';

const heads = [
  ...['model', 'method', 'seed', 'fraction', 'sampledReward', 'greedyReward', 'kl'],
  ...['distinctPairs', 'seconds', 'processorSeconds'],
] as const;
const perCheck = ['check', 'negative', 'positive', 'n'] as const;

/** What a study measured, as a table for other programs: a row per point and check in CSV and NDJSON, the whole report in JSON. */
export function studyTable(model: ReportModel, format: 'csv' | 'json' | 'ndjson' | 'parquet'): string {
  if (format === 'json') return `${JSON.stringify(model)}\n`;
  if (format === 'parquet') {
    throw new WorkbenchError('unsupported', 'A study is not exported as Parquet: it has a few hundred rows at most.', {
      remedy: 'Write CSV, NDJSON or JSON.',
    });
  }
  const rows = model.studies.flatMap((study) =>
    study.points.flatMap(({ counts, ...point }) =>
      counts.map((one): Record<string, string | number | null> => ({ model: study.model, ...point, ...one })),
    ),
  );
  if (format === 'ndjson') return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const columns = [...heads, ...perCheck];
  return [columns.join(','), ...rows.map((row) => columns.map((name) => cell(row[name] ?? null)).join(','))]
    .map((line) => `${line}\n`)
    .join('');
}

function cell(value: string | number | null): string {
  if (value === null) return '';
  const text = String(value);
  // A spreadsheet would take it for a formula.
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
