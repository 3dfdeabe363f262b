import { createHash, randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { isAlive, markOf } from './alive.ts';

/** Drafts end so: files and folders that get their name when they are whole. */
export const draftSuffix = '.tmp';

const self = markOf();
const machine = createHash('sha256').update(hostname()).digest('hex').slice(0, 4);
const writer = /\.([0-9a-f]{4})-(\d+)-(\d+)-[0-9a-f]{12}\.tmp$/;

/**
 * A name for what will be `target`, next to it. Each is its own, so that two who write one file at once disturb nobody, and each says
 * which process writes it, so that what a killed one left is told from what is being written.
 */
export function draftOf(target: string): string {
  return `${target}.${machine}-${self.pid}-${self.born ?? 0}-${randomBytes(6).toString('hex')}${draftSuffix}`;
}

/** True when the process that wrote the draft is gone; what another machine writes is never taken for left. */
export function isLeftDraft(name: string): boolean {
  return writer.test(name) && !isBeingWritten(name);
}

/** True when a living process, or one of another machine, may be writing the draft. */
export function isBeingWritten(name: string): boolean {
  const [, host, pid, born] = writer.exec(name) ?? [];
  if (pid === undefined) return false;
  return host !== machine || isAlive({ pid: Number(pid), born: born === '0' || born === undefined ? null : born });
}

/** Removes what killed programs left half-written in a folder, which may be missing. Folders below are not looked into. */
export async function removeLeftDrafts(folder: string): Promise<void> {
  const names = await readdir(folder).catch((): string[] => []);
  const left = names.filter(isLeftDraft);
  await Promise.all(left.map((name) => rm(path.join(folder, name), { recursive: true, force: true })));
}
