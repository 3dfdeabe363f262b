import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { JourneyName, Material } from './journeys.ts';
import type { Trial } from './kills.ts';
import { startProgram, untilGone } from './program.ts';
import type { Ended } from './program.ts';
import { lastLine, recover } from './recovery.ts';
import type { Reference } from './reference.ts';

export interface Hindrance {
  name: string;
  /** Said to `sh` before. */
  shell?: string;
  env?: NodeJS.ProcessEnv;
  /** How it may end: by an answer or a sentence, or also by a native abort where nothing of ours can say anything any more. */
  mayAbort?: boolean;
}

/** Limits that a shared machine sets. Each journey has to end under each, and to come out right afterwards without it. */
export const hindrances: readonly Hindrance[] = [
  ...[20, 24, 32, 48, 64].map((n) => ({ name: `${n} descriptors`, shell: `ulimit -n ${n}`, mayAbort: n < 32 })),
  ...[16, 24, 48].map((mb) => ({
    name: `a heap of ${mb} MB`,
    env: { NODE_OPTIONS: `--max-old-space-size=${mb}` },
    mayAbort: true,
  })),
  { name: 'a TMPDIR that cannot be made', env: { TMPDIR: '/proc/none' } },
];

export async function tryHindrance(
  material: Material,
  { journey, content }: Reference,
  { name, mayAbort = false, ...how }: Hindrance,
): Promise<Trial> {
  const folder = mkdtempSync(path.join(material.folder, 'hindered-'));
  const workspace = material.workspace(folder);
  const program = startProgram(['--workspace', workspace, ...material.args(journey, folder)], how);
  const losses = wordsOf(await program.ended, mayAbort);
  losses.push(...listOf(await untilGone(program.pid)));
  losses.push(...(await recover(material, journey, workspace, content)));
  rmSync(folder, { recursive: true, force: true });
  return { what: `${journey}: ${name}`, losses };
}

/** Null where no file system can be mounted: only administrators may, and nothing is read-only for them but such a one. */
export async function tryReadOnly(material: Material, journey: JourneyName): Promise<Trial | null> {
  const folder = mkdtempSync(path.join(material.folder, 'read-only-'));
  const workspace = material.workspace(folder);
  const place = path.join(folder, 'mounted');
  mkdirSync(place);
  try {
    execFileSync('mount', ['--bind', workspace, place], { stdio: 'ignore' });
  } catch {
    rmSync(folder, { recursive: true, force: true });
    return null;
  }
  try {
    execFileSync('mount', ['-o', 'remount,ro,bind', place], { stdio: 'ignore' });
    const program = startProgram(['--workspace', place, ...material.args(journey, folder)]);
    const ended = await program.ended;
    const losses = wordsOf(ended, false);
    if (!ended.stderr.includes('is read-only'))
      losses.push(`nothing is said about the folder: ${lastLine(ended.stderr)}`);
    const read = await startProgram(['--workspace', place, 'list', 'evals']).ended;
    if (read.status !== 0 || !read.stdout.includes('earlier'))
      losses.push(`it cannot be read: ${lastLine(read.stderr)}`);
    return { what: `${journey}: a read-only folder`, losses };
  } finally {
    execFileSync('umount', [place]);
    rmSync(folder, { recursive: true, force: true });
  }
}

function wordsOf({ status, signal, stderr, hung }: Ended, mayAbort: boolean): string[] {
  if (hung) return ['it hung'];
  if (status === 0) return [];
  if (signal !== null || status === null || status > 3) return mayAbort ? [] : [`it was ended by ${signal ?? status}`];
  if (mayAbort) return [];
  return /\n\s+at |internal|ERR_/.test(stderr) || stderr.trim() === '' ? [`no sentence: ${lastLine(stderr)}`] : [];
}

function listOf(loss: string | null): string[] {
  return loss === null ? [] : [loss];
}
