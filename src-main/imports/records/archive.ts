import { promisify } from 'node:util';
import { crc32, zstdDecompress } from 'node:zlib';
import { type Entry, openPromise, validateFileName, type ZipFile } from 'yauzl';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { Problem } from '../problems.ts';
import type { ReadSession } from '../session.ts';
import { checkZipDirectory, notAnArchive } from './zip-check.ts';

/** A file inside an archive: its name, and either its content on demand or why it is not to be read. */
export interface ArchiveEntry {
  name: string;
  read: () => Promise<Buffer>;
  problem: Problem | null;
  /** What it takes in the archive. */
  bytes: number;
}

const stored = 0;
const deflated = 8;
const zstandard = 93;
/** Of one entry; an honest log of repetitive events reaches about a hundred. */
const maxEntryRatio = 500;
const ratioFromBytes = 2 ** 20;

/**
 * The files of a zip archive in the order of its directory. Nothing is ever written to disk. Entries with names that
 * point outside, or sizes beyond the limits, come with a problem instead of content.
 * @throws WorkbenchError `bad-input` when it is no zip archive, or has too many entries.
 */
export async function* readArchive(path: string, file: string, session: ReadSession): AsyncGenerator<ArchiveEntry> {
  await checkZipDirectory(path, file, session.limits.maxArchiveEntries);
  // Names are decoded and checked here: the library would end the whole archive at the first bad one.
  const zip = await openPromise(path, { decodeStrings: false, autoClose: false }).catch((cause: unknown) => {
    throw notAnArchive(file, cause);
  });
  try {
    const budget = { bytes: session.limits.maxInflatedBytes };
    for await (const entry of zip.eachEntry()) {
      session.checkCancelled();
      const name = Buffer.from(entry.fileName).toString('utf8').replaceAll('\\', '/');
      if (name.endsWith('/')) continue;
      const problem = entryProblem(name, entry, session);
      yield { name, problem, bytes: entry.compressedSize, read: () => readEntry(zip, entry, budget, session) };
    }
  } catch (cause) {
    throw cause instanceof WorkbenchError ? cause : notAnArchive(file, cause);
  } finally {
    zip.close();
  }
}

function entryProblem(name: string, entry: Entry, session: ReadSession): Problem | null {
  const fault = validateFileName(name);
  if (fault !== null)
    return { reason: 'unsafe-name', message: `The archive entry “${name}” points outside the archive.` };
  const { uncompressedSize, compressedSize } = entry;
  if (uncompressedSize > session.limits.maxRecordBytes) {
    return {
      reason: 'too-large',
      message: `The archive entry “${name}” has ${uncompressedSize} bytes, ${session.limits.maxRecordBytes} are allowed.`,
    };
  }
  if (uncompressedSize > ratioFromBytes && uncompressedSize > maxEntryRatio * compressedSize) {
    return {
      reason: 'inflation',
      message: `The archive entry “${name}” grows more than ${maxEntryRatio} times when unpacked.`,
    };
  }
  return null;
}

/** Content of an entry; the library ends the stream with an error as soon as it grows beyond the size the entry claims. */
async function readEntry(zip: ZipFile, entry: Entry, budget: { bytes: number }, session: ReadSession): Promise<Buffer> {
  budget.bytes -= entry.uncompressedSize;
  if (budget.bytes < 0) throw new Error('the archive grows beyond the limit');
  const method = entry.compressionMethod;
  if (method !== stored && method !== deflated && method !== zstandard)
    throw new Error(`compression method ${method} is not supported`);
  const stream = await zip.openReadStreamPromise(entry, method === zstandard ? { decodeFileData: false } : {});
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    session.checkCancelled();
    chunks.push(chunk);
  }
  const content = Buffer.concat(chunks);
  const plain =
    method === zstandard
      ? await promisify(zstdDecompress)(content, { maxOutputLength: Math.max(1, entry.uncompressedSize) })
      : content;
  if (crc32(plain) !== entry.crc32) throw new Error('it is damaged: its content does not fit its checksum');
  return plain;
}
