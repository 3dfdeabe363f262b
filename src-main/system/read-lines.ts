import { createReadStream } from 'node:fs';
import * as path from 'node:path';
import { WorkbenchError } from '../shared/domain/errors.ts';
import { isBlank, LineSplitter } from './lines.ts';
import type { Line } from './lines.ts';

/** Longer lines are in no file of the workbench: a batch of 4096 samples stays below. */
const maxLineBytes = 256 * 2 ** 20;

/**
 * Lines of a file, one after another, from a byte on at which a line begins; numbers and places count from there. Rejects as the file
 * system does when the file cannot be read.
 */
export async function* readLines(
  file: string,
  maxBytes: number = maxLineBytes,
  fromByte = 0,
): AsyncGenerator<Line, void, undefined> {
  const splitter = new LineSplitter(maxBytes);
  // Destroyed when the consumer leaves early: the loop over a stream sees to it.
  for await (const chunk of createReadStream(file, { start: fromByte })) yield* splitter.push(chunk as Buffer);
  yield* splitter.end();
}

/**
 * All objects of a file with one JSON value per line; blank lines are passed over.
 * @throws WorkbenchError `corrupt` that names file and line where something else is in it.
 */
export async function readJsonLines<Row>(file: string): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const { bytes, number } of readLines(file)) {
    if (bytes === null) throw damagedLine(file, number, `is longer than ${maxLineBytes} bytes`);
    if (isBlank(bytes)) continue;
    try {
      // The workbench wrote the file from rows of this type.
      rows.push(JSON.parse(bytes.toString('utf8')) as Row);
    } catch (cause) {
      throw damagedLine(file, number, 'is not JSON', cause);
    }
  }
  return rows;
}

function damagedLine(file: string, line: number, what: string, cause?: unknown): WorkbenchError {
  return new WorkbenchError('corrupt', `${path.basename(file)} is damaged: its line ${line} ${what}.`, {
    remedy: 'Start again: what the workbench can rebuild is rebuilt.',
    place: { file: path.basename(file), line },
    cause,
  });
}
