import { createHash } from 'node:crypto';
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import type { FolderReader, FolderWriter } from '../engine/ports.ts';
import { WorkbenchError } from '../shared/domain/errors.ts';
import { draftOf } from '../system/drafts.ts';
import { makeFolder } from '../system/folders.ts';

/** The engine's file ports on Node's file system. */
export function openFolder(folder: string): FolderReader {
  const inside = (name: string) => path.join(folder, plainName(name));
  return {
    label: path.basename(path.resolve(folder)),
    list: () => fs.readdir(folder),
    readText: (name) => fs.readFile(inside(name), 'utf8'),
    readBytes: (name, offset, length) => readBytes(inside(name), offset, length),
  };
}

async function readBytes(file: string, offset = 0, length?: number): Promise<Uint8Array> {
  const handle = await fs.open(file, 'r');
  try {
    const { size } = await handle.stat();
    const wanted = Math.max(0, Math.min(length ?? size, size - offset));
    // Its own memory, not a slice of a shared pool, so that callers may keep views of it.
    const bytes = new Uint8Array(wanted);
    for (let done = 0; done < wanted;) {
      const { bytesRead } = await handle.read(bytes, done, Math.min(wanted - done, 2 ** 30), offset + done);
      if (bytesRead === 0) return bytes.subarray(0, done);
      done += bytesRead;
    }
    return bytes;
  } finally {
    await handle.close();
  }
}

/**
 * Writes into a temporary sibling of `folder` and gives it its name at `commit`, after every file and the folder itself are on
 * disk. A crash before that leaves only the temporary, whose name says so (`drafts.ts`). `sumsFile` keeps the SHA-256 of every other
 * file.
 */
export async function createFolder(folder: string, sumsFile?: string): Promise<FolderWriter> {
  const target = path.resolve(folder);
  await makeFolder(path.dirname(target));
  const temporary = draftOf(target);
  await fs.mkdir(temporary, { mode: 0o700 });
  const inside = (name: string) => path.join(temporary, plainName(name));
  const sums: Record<string, string> = {};
  const write = async (name: string, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>) =>
    (sums[name] = await writeFlushed(inside(name), chunks));
  return {
    writeText: async (name, text) => {
      await write(name, [new TextEncoder().encode(text)]);
    },
    writeBytes: write,
    commit: async () => {
      if (sumsFile !== undefined) {
        await writeFlushed(inside(sumsFile), [new TextEncoder().encode(`${JSON.stringify(sums, null, 1)}\n`)]);
      }
      await flushFolder(temporary);
      await replace(temporary, target);
      await flushFolder(path.dirname(target));
    },
    abandon: () => fs.rm(temporary, { recursive: true, force: true }),
  };
}

async function writeFlushed(file: string, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  const handle = await fs.open(file, 'w');
  try {
    for await (const chunk of chunks) {
      hash.update(chunk);
      await handle.writeFile(chunk);
    }
    await handle.sync();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOSPC') throw cause;
    throw new WorkbenchError('io', `the disk is full: ${path.basename(file)} could not be written`, {
      remedy: 'Free some space and start again.',
      cause,
    });
  } finally {
    await handle.close();
  }
  return hash.digest('hex');
}

/** A folder that already has the name is moved aside first: rename does not replace a folder that holds files. */
async function replace(temporary: string, target: string): Promise<void> {
  const aside = `${temporary}.replaced`;
  const had = await fs.rename(target, aside).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
  await fs.rename(temporary, target);
  if (had) await fs.rm(aside, { recursive: true, force: true });
}

async function flushFolder(folder: string): Promise<void> {
  // Windows cannot open folders for flushing; its rename is journalled.
  if (process.platform === 'win32') return;
  const handle = await fs.open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Names come from checkpoints' own indexes: nothing that leaves the folder is opened. */
function plainName(name: string): string {
  if (name === '' || name === '.' || name === '..' || /[\\/\0]/.test(name)) {
    throw new WorkbenchError('bad-input', `“${name}” is not a file name`);
  }
  return name;
}
