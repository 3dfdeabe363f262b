import { open } from 'node:fs/promises';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { ColumnSource } from 'hyparquet-writer';
import { parquetSchema } from '../../reports/rows/parquet-columns.ts';
import type { ParquetColumn } from '../../reports/rows/parquet-columns.ts';

export interface ColumnOf<Row> extends ParquetColumn {
  valueOf(row: Row): unknown;
}

export function textColumn<Row>(name: string, valueOf: (row: Row) => string | null): ColumnOf<Row> {
  return { name, kind: 'text', valueOf };
}
export function numberColumn<Row>(name: string, valueOf: (row: Row) => number | null): ColumnOf<Row> {
  return { name, kind: 'number', valueOf };
}
export function listColumn<Row>(name: string, valueOf: (row: Row) => readonly string[]): ColumnOf<Row> {
  return { name, kind: 'list', valueOf };
}

/** A Parquet file that is written a group of rows at a time: what is held in memory is one group. */
export async function parquetFile<Row>(file: string, columns: readonly ColumnOf<Row>[]) {
  const handle = await open(file, 'wx');
  const bytes = new ByteWriter();
  const writer = new ParquetWriter({ writer: bytes, schema: parquetSchema(columns), createdBy: 'flipguard-workbench' });
  const flush = async (): Promise<void> => {
    await handle.writeFile(bytes.getBytes());
    // What is in the file is not held any longer; offsets in the file keep counting.
    bytes.index = 0;
  };
  return {
    /** One group of rows. */
    async rows(rows: readonly Row[]): Promise<void> {
      const columnData = columns.map(({ name, valueOf }): ColumnSource => ({ name, data: rows.map(valueOf) }));
      await writer.write({ columnData, rowGroupSize: rows.length });
      await flush();
    },
    async end(): Promise<void> {
      await writer.finish();
      await flush();
    },
    close: () => handle.close(),
  };
}
