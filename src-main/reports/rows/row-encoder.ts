import { assertNever } from '../../shared/domain/errors.ts';
import type { ReportModel } from '../../shared/domain/reports/report-model.ts';
import type { ReportRow } from '../../shared/domain/reports/report-row.ts';
import { visibleJson } from '../visible-text.ts';
import { csvEncoder } from './csv.ts';
import { parquetEncoder } from './parquet.ts';

/**
 * Writes the rows of a comparison as they come, batch by batch, so that a million of them are never in memory as text.
 * The chunks in order are the file; Parquet's come at the end, compressed.
 */
export interface RowEncoder {
  begin(): string;
  rows(batch: readonly ReportRow[]): string;
  end(): string | Uint8Array;
}
export type RowFormat = 'csv' | 'json' | 'ndjson' | 'parquet';

/** `model` is next to the rows in JSON; the other formats hold rows alone. */
export function rowEncoder(format: RowFormat, model: ReportModel): RowEncoder {
  switch (format) {
    case 'csv':
      return csvEncoder();
    case 'json':
      return jsonEncoder(model);
    case 'ndjson':
      return ndjsonEncoder();
    case 'parquet':
      return parquetEncoder();
    default:
      return assertNever(format);
  }
}

/** One object: `report` as the HTML carries it, `rows` all rows. */
function jsonEncoder(model: ReportModel): RowEncoder {
  let written = 0;
  return {
    begin: () => `{"report":${visibleJson(model)},\n"rows":[`,
    rows: (batch) => batch.map((row) => `${written++ === 0 ? '' : ','}\n${visibleJson(row)}`).join(''),
    end: () => '\n]}\n',
  };
}

function ndjsonEncoder(): RowEncoder {
  return {
    begin: () => '',
    rows: (batch) => batch.map((row) => `${visibleJson(row)}\n`).join(''),
    end: () => '',
  };
}
