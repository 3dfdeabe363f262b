import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { hashFile } from '../../system/file-sums.ts';
import { makeWhole, writeWhole } from '../../system/whole-file.ts';
import { makeFolder } from '../../system/folders.ts';

const sumSchema = z.object({ sha256: z.string(), rows: z.number().int() });

/** Files being made or checked now, so that two who need one at once share it. */
const underWay = new Map<string, Promise<void>>();

/**
 * Makes a file of rows in the cache, unless it is there and is what was made: its digest and its number of rows are kept next to it
 * and compared at each use, and a file that differs is made again.
 */
export function cachedRows(file: string, rows: number, make: (draft: string) => Promise<number>): Promise<void> {
  const known = underWay.get(file);
  if (known !== undefined) return known;
  const work = ensure(file, rows, make).finally(() => underWay.delete(file));
  underWay.set(file, work);
  return work;
}

async function ensure(file: string, rows: number, make: (draft: string) => Promise<number>): Promise<void> {
  if (await isAsMade(file, rows)) return;
  await makeFolder(path.dirname(file), 0o700);
  const made = await makeWhole(file, make);
  if (made !== rows) {
    throw new WorkbenchError(
      'corrupt',
      `${path.basename(file)} should have ${rows} rows, and the workspace gave ${made}.`,
      {
        remedy: 'Import the data again; flipguard doctor looks over the workspace.',
      },
    );
  }
  await writeWhole(sumOf(file), JSON.stringify({ sha256: await hashFile(file), rows }));
}

async function isAsMade(file: string, rows: number): Promise<boolean> {
  try {
    const sum = sumSchema.parse(JSON.parse(await readFile(sumOf(file), 'utf8')));
    return sum.rows === rows && sum.sha256 === (await hashFile(file));
  } catch {
    // Not there, not readable, not what it should be: all the same to whoever needs the rows.
    return false;
  }
}

function sumOf(file: string): string {
  return `${file}.sum.json`;
}
