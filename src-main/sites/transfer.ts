import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { WorkbenchError } from '../shared/domain/errors.ts';
import { quote } from './quote.ts';
import { sshCommand } from './shell.ts';
import type { SiteShell } from './shell.ts';
import { makeFolder } from '../system/folders.ts';

export interface TransferOptions {
  signal: AbortSignal;
  onProgress(fraction: number): void;
  /** Names of files that stay where they are. */
  exclude?: readonly string[];
}

/** Copies files to and from a site: plainly on this machine, by rsync over the system's ssh else. A transfer that was cut off continues. */
export interface Transfer {
  /** A file or a folder (its contents) to `target`; parents are made. */
  push(source: string, target: string, options: TransferOptions): Promise<void>;
  /** A folder from there into `target`. */
  pull(source: string, target: string, options: TransferOptions): Promise<void>;
}

export function openTransfer(shell: SiteShell): Transfer {
  const { host } = shell;
  if (host === null) return { push: copyTree, pull: copyTree };
  return {
    async push(source, target, options) {
      const made = await shell.run(`mkdir -p ${quote(path.posix.dirname(target))}`, { signal: options.signal });
      if (made.status !== 0) throw new WorkbenchError('io', `${host}: ${made.stderr.trim()}`);
      await rsync(await asSource(source), `${host}:${target}`, options);
    },
    async pull(source, target, options) {
      await makeFolder(target);
      await rsync(`${host}:${source}/`, `${target}/`, options);
    },
  };
}

/** rsync takes a folder's contents when its name ends in a slash. */
async function asSource(source: string): Promise<string> {
  return (await stat(source)).isDirectory() ? `${source}/` : source;
}

function rsync(source: string, target: string, { signal, onProgress, exclude = [] }: TransferOptions): Promise<void> {
  const args = ['-aL', '-s', '--partial', '--info=progress2', '-e', sshCommand().map(quote).join(' ')];
  const skipped = exclude.flatMap((name) => ['--exclude', name]);
  return new Promise((resolve, reject) => {
    const child = spawn('rsync', [...args, ...skipped, '--', source, target], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    const stop = () => child.kill('SIGTERM');
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const percent = [...text.matchAll(/(\d+)%/g)].at(-1)?.[1];
      if (percent !== undefined) onProgress(Number(percent) / 100);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', (cause) => {
      reject(
        new WorkbenchError('unavailable', `rsync cannot be started: ${cause.message}.`, {
          remedy: 'Install rsync here and at the site; files are brought over ssh with it.',
          cause,
        }),
      );
    });
    child.on('exit', (status) => {
      signal.removeEventListener('abort', stop);
      if (signal.aborted) reject(new WorkbenchError('cancelled', 'Cancelled.'));
      else if (status === 0) resolve();
      else reject(new WorkbenchError('unavailable', `rsync ended with status ${status}: ${lastLine(stderr)}`));
    });
  });
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}

/** Files that are there with the same size are left; each comes under another name until it is whole. */
async function copyTree(source: string, target: string, options: TransferOptions): Promise<void> {
  const files = await filesIn(source, options.exclude ?? []);
  const total = files.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  for (const { relative, size } of files) {
    if (options.signal.aborted) throw new WorkbenchError('cancelled', 'Cancelled.');
    const to = path.join(target, relative);
    const there = await stat(to).catch(() => null);
    if (there === null || there.size !== size) await copyFile(path.join(source, relative), to, options.signal);
    done += size;
    options.onProgress(total === 0 ? 1 : done / total);
  }
}

async function copyFile(source: string, target: string, signal: AbortSignal): Promise<void> {
  await makeFolder(path.dirname(target));
  // Two arrays of one sweep bring the same file at once.
  const draft = `${target}.${randomUUID()}.partial`;
  try {
    await pipeline(createReadStream(source), createWriteStream(draft), { signal });
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { force: true });
    if (signal.aborted) throw new WorkbenchError('cancelled', 'Cancelled.');
    throw error;
  }
}

/** `relative` is empty where the source is a file itself. */
async function filesIn(source: string, exclude: readonly string[]): Promise<{ relative: string; size: number }[]> {
  const top = await stat(source);
  if (!top.isDirectory()) return [{ relative: '', size: top.size }];
  const found: { relative: string; size: number }[] = [];
  for (const entry of await readdir(source, { recursive: true, withFileTypes: true })) {
    // Links are followed: a model in a download cache consists of them.
    const file = path.join(entry.parentPath, entry.name);
    if (exclude.includes(entry.name)) continue;
    const { size, isFile } = await stat(file).then((s) => ({ size: s.size, isFile: s.isFile() }));
    if (isFile) found.push({ relative: path.relative(source, file), size });
  }
  return found;
}
