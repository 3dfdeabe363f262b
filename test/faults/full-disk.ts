import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Material } from './journeys.ts';
import type { Trial } from './kills.ts';
import { startProgram, untilGone } from './program.ts';
import type { Ended } from './program.ts';
import { lastLine, recover } from './recovery.ts';
import type { Reference } from './reference.ts';

/**
 * From one operation of a journey on, the disk is full: for files and for the store. The program has to end by itself and say so,
 * what was there can be read meanwhile, and with room again the journey continues.
 */
export async function tryFullDisk(material: Material, { journey, content }: Reference, at: number): Promise<Trial> {
  const folder = mkdtempSync(path.join(material.folder, 'full-'));
  const workspace = material.workspace(folder);
  const fault = { root: folder, does: 'full', at } as const;
  const args = ['--workspace', workspace, ...material.args(journey, folder)];
  const program = startProgram(args, { fault });
  const losses = wordsOnFullDisk(await program.ended);
  losses.push(...listOf(await untilGone(program.pid)));
  losses.push(...(await recover(material, journey, workspace, content)));
  rmSync(folder, { recursive: true, force: true });
  return { what: `${journey}: full disk from operation ${at}`, losses };
}

/** While nothing at all can be written, a command that only reads does, and says what is full. */
export async function tryReadingOnFullDisk(material: Material): Promise<Trial> {
  const folder = mkdtempSync(path.join(material.folder, 'full-'));
  const workspace = material.workspace(folder);
  const fault = { root: folder, does: 'full', at: 0 } as const;
  const ended = await startProgram(['--workspace', workspace, 'list', 'evals'], { fault }).ended;
  rmSync(folder, { recursive: true, force: true });
  const losses = [];
  if (ended.status !== 0 || !ended.stdout.includes('earlier'))
    losses.push(`it ended with ${ended.status}: ${lastLine(ended.stderr)}`);
  if (!isAboutFullDisk(ended.stderr)) losses.push(`nothing is said about the disk: ${lastLine(ended.stderr)}`);
  return { what: 'list on a full disk', losses };
}

function wordsOnFullDisk(ended: Ended): string[] {
  if (ended.hung) return ['it hung'];
  if (ended.signal !== null) return [`it was ended by ${ended.signal}`];
  // What could not be written was nothing that the answer needs.
  if (ended.status === 0) return [];
  if (/\n\s+at |internal|ERR_/.test(ended.stderr)) return [`no sentence: ${lastLine(ended.stderr)}`];
  if (ended.status !== 3) return [`it ended with ${ended.status}: ${lastLine(ended.stderr)}`];
  return isAboutFullDisk(ended.stderr) ? [] : [`nothing is said about the disk: ${lastLine(ended.stderr)}`];
}

function isAboutFullDisk(text: string): boolean {
  return /disk[^.]* is full|no space left/i.test(text);
}

function listOf(loss: string | null): string[] {
  return loss === null ? [] : [loss];
}
