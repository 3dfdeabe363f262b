import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { throwIfCancelled } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';
import { hasBlob, linkIntoSnapshot, repositoryFolder, snapshotFolder, writeRef } from './hub-cache.ts';
import { hubFetch } from './hub-fetch.ts';
import type { HubFile, Repository } from './repository.ts';
import type { HubSettings } from './settings.ts';
import { makeFolder } from '../../system/folders.ts';

/** How often a transfer that breaks off without having brought a byte is taken up again. */
const attemptsWithoutProgress = 4;
const firstPauseMs = 250;

/** Fetches files into the cache, what is there already left alone; → the folder of the snapshot. */
export async function downloadFiles(
  repository: Repository,
  files: readonly HubFile[],
  settings: HubSettings,
  task: Task,
): Promise<string> {
  const { name, commit } = repository;
  const blobs = path.join(repositoryFolder(settings.cacheFolder, name), 'blobs');
  const snapshot = snapshotFolder(settings.cacheFolder, name, commit);
  const transfer: Transfer = { repository, settings, task, meter: new Meter(files, task) };
  try {
    await makeFolder(blobs);
    for (const file of files) {
      const blob = path.join(blobs, file.digest.hex);
      if (!(await hasBlob(blob, file.sizeBytes))) await downloadBlob(file, blob, transfer);
      else transfer.meter.skip(file.sizeBytes);
      await linkIntoSnapshot(blob, path.join(snapshot, ...file.path.split('/')));
    }
    await writeRef(settings.cacheFolder, name, commit);
  } catch (error) {
    throw asDiskError(error, settings);
  }
  return snapshot;
}

interface Transfer {
  repository: Repository;
  settings: HubSettings;
  task: Task;
  meter: Meter;
}

/** A blob gets its name when it is whole and its digest is the one that the Hub names. */
async function downloadBlob(file: HubFile, blob: string, transfer: Transfer): Promise<void> {
  const draft = `${blob}.incomplete`;
  const before = await sizeOf(draft);
  const resumed = before > 0 && before <= file.sizeBytes;
  if (!resumed) await rm(draft, { force: true });
  if (await receive(file, draft, transfer)) return rename(draft, blob);
  await rm(draft, { force: true });
  // What an earlier command had left may have been of other content.
  transfer.meter.back(file.sizeBytes);
  if (resumed && (await receive(file, draft, transfer))) return rename(draft, blob);
  await rm(draft, { force: true });
  throw new WorkbenchError('corrupt', `${file.path} arrived damaged: its content is not what the Hub’s digest names.`, {
    remedy:
      'Run the same command again. If this persists, something between this machine and the Hub alters its answers.',
    place: { file: file.path },
  });
}

/** Fetches what is missing of a draft, by range and again after a break; → whether the digest is right. */
async function receive(file: HubFile, draft: string, transfer: Transfer): Promise<boolean> {
  const hash = startHash(file);
  let have = await sizeOf(draft);
  if (have > 0) for await (const chunk of createReadStream(draft)) hash.update(chunk as Buffer);
  transfer.meter.skip(have);
  const handle = await open(draft, 'a');
  try {
    let fruitless = 0;
    while (have < file.sizeBytes) {
      const start = have;
      try {
        for await (const chunk of bytesFrom(file, have, transfer)) {
          await handle.write(chunk);
          hash.update(chunk);
          have += chunk.length;
          transfer.meter.add(chunk.length);
        }
      } catch (error) {
        if (error instanceof WorkbenchError && error.code !== 'unavailable') throw error;
        if (isDiskError(error)) throw error;
        throwIfCancelled(transfer.task);
        fruitless = have > start ? 0 : fruitless + 1;
        if (fruitless >= attemptsWithoutProgress) throw error;
        transfer.meter.say('connection broke; taking it up again');
        await sleep(firstPauseMs * 2 ** fruitless, undefined, { signal: transfer.task.signal });
      }
    }
  } finally {
    await handle.close();
  }
  return hash.digest('hex') === file.digest.hex;
}

/** The bytes of a file from an offset on. */
async function* bytesFrom(file: HubFile, offset: number, transfer: Transfer): AsyncGenerator<Buffer> {
  const { repository, settings, task } = transfer;
  const { name, commit } = repository;
  const place = `${name.kind === 'dataset' ? 'datasets/' : ''}${name.repository}/resolve/${commit}`;
  const address = `${settings.endpoint}/${place}/${file.path.split('/').map(encodeURIComponent).join('/')}`;
  const headers = new Headers({ 'Accept-Encoding': 'identity' });
  if (offset > 0) headers.set('Range', `bytes=${offset}-`);
  const response = await hubFetch(name, settings, task.signal)(address, { headers });
  if (response.body === null) return;
  // A server that knows no ranges sends the whole again.
  let skip = offset > 0 && response.status !== 206 ? offset : 0;
  for await (const chunk of response.body) {
    throwIfCancelled(task);
    const buffer = Buffer.from(chunk);
    if (skip < buffer.length) yield buffer.subarray(skip);
    skip = Math.max(0, skip - buffer.length);
  }
}

function startHash(file: HubFile): Hash {
  if (file.digest.kind === 'sha256') return createHash('sha256');
  return createHash('sha1').update(`blob ${file.sizeBytes}\0`);
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}

function isDiskError(error: unknown): boolean {
  return ['ENOSPC', 'EACCES', 'EROFS', 'EDQUOT', 'EIO'].includes((error as NodeJS.ErrnoException).code ?? '');
}

function asDiskError(error: unknown, { cacheFolder }: HubSettings): unknown {
  if ((error as Error).name === 'AbortError') return new WorkbenchError('cancelled', 'Cancelled.');
  if (!isDiskError(error)) return error;
  return new WorkbenchError('io', `The cache at ${cacheFolder} cannot be written to: ${(error as Error).message}`, {
    remedy: 'Free some space, or set HF_HOME to another folder; what has been downloaded is kept.',
    place: { file: cacheFolder },
    cause: error,
  });
}

/** Bytes, rate and what remains, as a task's phase. */
class Meter {
  readonly #task: Task;
  readonly #total: number;
  readonly #startedMs = performance.now();
  #done = 0;
  #received = 0;

  constructor(files: readonly HubFile[], task: Task) {
    this.#task = task;
    this.#total = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  /** Bytes that were here before. */
  skip(bytes: number): void {
    this.#done += bytes;
  }

  back(bytes: number): void {
    this.#done -= bytes;
  }

  add(bytes: number): void {
    this.#done += bytes;
    this.#received += bytes;
    this.say(null);
  }

  say(what: string | null): void {
    const seconds = (performance.now() - this.#startedMs) / 1000;
    const rate = seconds > 0 ? this.#received / seconds : 0;
    const left = rate > 0 ? ((this.#total - this.#done) / rate) * 1000 : null;
    const amount = `${sizeText(this.#done)} of ${sizeText(this.#total)}, ${sizeText(rate)}/s`;
    this.#task.progress(what ?? `downloading ${amount}`, this.#total === 0 ? null : this.#done / this.#total, left);
  }
}

/** Bytes with three digits: `512 kB`, `3.21 GB`. */
export function sizeText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let [amount, unit] = [bytes, 0];
  while (amount >= 999.5 && unit < units.length - 1) [amount, unit] = [amount / 1000, unit + 1];
  return `${unit === 0 ? Math.round(amount) : Number(amount.toPrecision(3))} ${units[unit]}`;
}
