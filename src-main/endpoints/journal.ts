import * as fs from 'node:fs';
import * as path from 'node:path';
import { makeFolderSync } from '../system/folders.ts';

/** What a server has answered so far, on disk: an evaluation that ended half-way continues where it was. A torn last line is passed over. */
export interface Journal<Entry> {
  get(id: string): Entry | undefined;
  add(id: string, entry: Entry): void;
  close(): void;
}

export function openJournal<Entry>(file: string | undefined): Journal<Entry> {
  const known = new Map<string, Entry>();
  if (file === undefined) {
    return { get: (id) => known.get(id), add: (id, entry) => void known.set(id, entry), close: () => {} };
  }
  makeFolderSync(path.dirname(file));
  const text = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  for (const line of whole.split('\n').slice(0, -1)) {
    const [id, entry] = JSON.parse(line) as [string, Entry];
    known.set(id, entry);
  }
  const descriptor = fs.openSync(file, 'a', 0o600);
  fs.ftruncateSync(descriptor, Buffer.byteLength(whole));
  return {
    get: (id) => known.get(id),
    add(id, entry) {
      known.set(id, entry);
      fs.writeSync(descriptor, `${JSON.stringify([id, entry])}\n`);
    },
    close: () => fs.closeSync(descriptor),
  };
}
