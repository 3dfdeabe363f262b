import { stringify } from 'csv-stringify/sync';
import type { ReportRow } from '../../shared/domain/reports/report-row.ts';
import { visible } from '../visible-text.ts';
import type { RowEncoder } from './row-encoder.ts';

const columns = [
  'sample_id',
  'kind',
  'delta',
  'left_verdict',
  'right_verdict',
  'left_score',
  'right_score',
  'slices',
  'tags',
  'stability',
  'prompt',
  'target',
  'left_output',
  'right_output',
  'rejected',
  'note',
];

/**
 * CSV for spreadsheets: a text that a spreadsheet would run as a formula gets an apostrophe in front, unseen characters are
 * named. Numbers are numbers. For texts to the byte take JSON, NDJSON or Parquet.
 */
export function csvEncoder(): RowEncoder {
  return {
    begin: () => stringify([columns]),
    rows: (batch) => stringify(batch.map(cells), { escape_formulas: true }),
    end: () => '',
  };
}

function cells(row: ReportRow): (string | number | null)[] {
  const text = (value: string | null) => (value === null ? null : visible(value));
  return [
    text(row.sampleId),
    row.kind,
    row.delta,
    row.left.verdict,
    row.right.verdict,
    row.left.score,
    row.right.score,
    text(row.slices.join('; ')),
    text(row.tags.join('; ')),
    row.stability,
    text(row.prompt),
    text(row.target),
    text(row.left.output),
    text(row.right.output),
    text(row.rejected ?? null),
    text(row.note),
  ];
}
