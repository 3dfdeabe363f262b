import { open } from 'node:fs/promises';
import type { DatasetRow } from '../../shared/domain/datasets.ts';
import { mixedRowId } from '../../shared/domain/train-sources.ts';
import { readLines } from '../../system/read-lines.ts';

/** Characters gathered before they are written. */
const chunkCharacters = 1 << 20;

/** Puts files of rows one behind the other, with ids that say whose they are. Answers how many rows it wrote. */
export async function writeMixture(
  draft: string,
  parts: readonly { datasetId: string; path: string }[],
): Promise<number> {
  const file = await open(draft, 'wx', 0o600);
  let rows = 0;
  let chunk = '';
  try {
    for (const { datasetId, path } of parts) {
      for await (const { bytes } of readLines(path)) {
        if (bytes === null || bytes.length === 0) continue;
        // Written by the store from rows of this type.
        const row = JSON.parse(bytes.toString('utf8')) as DatasetRow;
        chunk += `${JSON.stringify({ ...row, id: mixedRowId(datasetId, row.id) })}\n`;
        rows += 1;
        if (chunk.length < chunkCharacters) continue;
        await file.write(chunk);
        chunk = '';
      }
    }
    await file.write(chunk);
    return rows;
  } finally {
    await file.close();
  }
}
