import { createReadStream } from 'node:fs';
import * as path from 'node:path';
import { createInterface } from 'node:readline';
import { WorkbenchError } from '../shared/domain/errors.ts';

/** All objects of a file with one JSON object a line. */
export async function readNdjson<Row>(file: string): Promise<Row[]> {
  const rows: Row[] = [];
  let line = 0;
  for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    line += 1;
    if (text.trim() === '') continue;
    try {
      rows.push(JSON.parse(text) as Row);
    } catch (cause) {
      throw new WorkbenchError('bad-input', `${path.basename(file)} holds something that is not JSON`, {
        place: { file: path.basename(file), line },
        cause,
      });
    }
  }
  return rows;
}
