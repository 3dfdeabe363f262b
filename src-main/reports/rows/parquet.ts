import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { ColumnSource } from 'hyparquet-writer';
import type { ReportRow } from '../../shared/domain/reports/report-row.ts';
import { parquetSchema } from './parquet-columns.ts';
import type { ParquetColumn } from './parquet-columns.ts';
import type { RowEncoder } from './row-encoder.ts';

const rowGroupSize = 20_000;

type Column = ParquetColumn & { valueOf: (row: ReportRow) => unknown };
const columns: Column[] = [
  { name: 'sample_id', kind: 'text', valueOf: (row) => row.sampleId },
  { name: 'kind', kind: 'text', valueOf: (row) => row.kind },
  { name: 'delta', kind: 'number', valueOf: (row) => row.delta },
  { name: 'left_verdict', kind: 'text', valueOf: (row) => row.left.verdict },
  { name: 'right_verdict', kind: 'text', valueOf: (row) => row.right.verdict },
  { name: 'left_score', kind: 'number', valueOf: (row) => row.left.score },
  { name: 'right_score', kind: 'number', valueOf: (row) => row.right.score },
  { name: 'slices', kind: 'list', valueOf: (row) => row.slices },
  { name: 'tags', kind: 'list', valueOf: (row) => row.tags },
  { name: 'stability', kind: 'text', valueOf: (row) => row.stability },
  { name: 'prompt', kind: 'text', valueOf: (row) => row.prompt },
  { name: 'target', kind: 'text', valueOf: (row) => row.target },
  { name: 'left_output', kind: 'text', valueOf: (row) => row.left.output },
  { name: 'right_output', kind: 'text', valueOf: (row) => row.right.output },
  { name: 'rejected', kind: 'text', valueOf: (row) => row.rejected ?? null },
  { name: 'note', kind: 'text', valueOf: (row) => row.note },
];

/** Parquet in row groups of 20,000, Snappy-compressed; slices and tags are lists of strings. */
export function parquetEncoder(): RowEncoder {
  const bytes = new ByteWriter();
  const writer = new ParquetWriter({ writer: bytes, schema: parquetSchema(columns), createdBy: 'flipguard-workbench' });
  let waiting: ReportRow[] = [];
  // Into memory, so nothing is left to wait for; what failed is told with the bytes.
  const failed: Error[] = [];
  const write = (work: void | Promise<void>): void => {
    Promise.resolve(work).catch((error: Error) => failed.push(error));
  };
  const flush = (): void => {
    if (waiting.length === 0) return;
    const columnData = columns.map(({ name, valueOf }): ColumnSource => ({ name, data: waiting.map(valueOf) }));
    write(writer.write({ columnData, rowGroupSize }));
    waiting = [];
  };
  return {
    begin: () => '',
    rows(batch) {
      for (const row of batch) {
        waiting.push(row);
        if (waiting.length === rowGroupSize) flush();
      }
      return '';
    },
    end() {
      flush();
      write(writer.finish());
      for (const error of failed) throw error;
      return bytes.getBytes();
    },
  };
}
