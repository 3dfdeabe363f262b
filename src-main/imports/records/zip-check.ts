import { Transform } from 'node:stream';
import { crc32 } from 'node:zlib';
import { type Entry, openPromise } from 'yauzl';
import { WorkbenchError } from '../../shared/domain/errors.ts';

/** Bytes of a local header before its name. */
const localHeaderBytes = 30;

/**
 * Reads an archive's directory alone: how many entries it has, and whether two of them share bytes. Honest archives never do;
 * a small file with many entries over one body unpacks to as much as somebody wishes.
 * @throws WorkbenchError `bad-input`
 */
export async function checkZipDirectory(path: string, file: string, maxEntries: number): Promise<{ entries: number }> {
  const zip = await openPromise(path, { decodeStrings: false, autoClose: false }).catch((cause: unknown) => {
    throw notAnArchive(file, cause);
  });
  try {
    if (zip.entryCount > maxEntries) {
      throw new WorkbenchError(
        'bad-input',
        `${file} was refused: it has ${zip.entryCount.toLocaleString('en')} entries, ${maxEntries.toLocaleString('en')} are allowed.`,
        { place: { file } },
      );
    }
    const starts = new Float64Array(zip.entryCount);
    const ends = new Float64Array(zip.entryCount);
    let count = 0;
    for await (const entry of zip.eachEntry()) {
      starts[count] = entry.relativeOffsetOfLocalHeader;
      ends[count] = entry.relativeOffsetOfLocalHeader + localHeaderBytes + entry.fileNameLength + entry.compressedSize;
      count += 1;
    }
    // Sorted apart: where no two overlap, both orders are the same one.
    starts.sort();
    ends.sort();
    for (let i = 1; i < count; i += 1) {
      if ((starts[i] ?? 0) >= (ends[i - 1] ?? 0)) continue;
      throw new WorkbenchError(
        'bad-input',
        `${file} was refused: two of its entries overlap, which no sound archive does.`,
        {
          place: { file },
        },
      );
    }
    return { entries: count };
  } catch (cause) {
    throw cause instanceof WorkbenchError ? cause : notAnArchive(file, cause);
  } finally {
    zip.close();
  }
}

export function notAnArchive(file: string, cause: unknown): WorkbenchError {
  if ((cause as NodeJS.ErrnoException).code === 'ENOENT') {
    return new WorkbenchError('not-found', `There is no file ${file}.`, { cause, place: { file } });
  }
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new WorkbenchError('bad-input', `${file} cannot be read as a zip archive: ${detail}.`, {
    remedy: 'Download it again; a download may have been cut short.',
    cause,
    place: { file },
  });
}

/** What an entry's content has to add up to; the library does not look. */
export function damagedEntry(name: string): Error {
  return new Error(`“${name}” is damaged: its content does not fit its checksum`);
}

/** Passes an entry's content on and fails at its end when it does not fit the checksum of the directory. */
export function checksumGate(entry: Entry, name: string): Transform {
  let sum = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sum = crc32(chunk, sum);
      done(null, chunk);
    },
    flush(done) {
      done(sum === entry.crc32 ? null : damagedEntry(name));
    },
  });
}
