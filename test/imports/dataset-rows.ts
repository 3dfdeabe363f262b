import { openDatasetImport } from '../../src-main/imports/index.ts';
import type { ImportOptions } from '../../src-main/imports/index.ts';
import type { DatasetRow } from '../../src-main/shared/domain/datasets.ts';
import { jsonl, read, type tempFolder } from './fixtures.ts';

export const user = (content: string): object => ({ role: 'user', content });
export const assistant = (content: string): object => ({ role: 'assistant', content });

/** Reads records as the rows of a dataset; ids that are hashes come out empty. */
export function rowReader(folder: ReturnType<typeof tempFolder>) {
  return async (
    records: unknown[],
    options: ImportOptions = {},
  ): Promise<{ rows: DatasetRow[]; problems: string[]; format: string }> => {
    const path = folder.write('data.jsonl', jsonl(records));
    const { rows, problems, stream } = await read(openDatasetImport(path, options));
    return {
      rows: rows.map((row) => ({ ...row, id: /^[0-9a-f]{20}/.test(row.id) ? '' : row.id })),
      problems,
      format: stream.metadata().format,
    };
  };
}
