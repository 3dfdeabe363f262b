import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readTarEntry } from '../../../src-main/workbench/models/tarball.ts';

let place: string;
beforeEach(async () => {
  place = await fs.mkdtemp(path.join(os.tmpdir(), 'tarball-'));
});
afterEach(() => fs.rm(place, { recursive: true, force: true }));

function entry(name: string, content: Uint8Array, type = '0'): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write(type, 156);
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

async function tarOf(...entries: Buffer[]): Promise<string> {
  const file = path.join(place, 'package.tgz');
  await fs.writeFile(file, gzipSync(Buffer.concat([...entries, Buffer.alloc(1024)])));
  return file;
}

describe('an entry of a tarball', () => {
  const big = new Uint8Array(randomBytes(300_001));

  it('is found behind others and across chunks', async () => {
    const file = await tarOf(
      entry('package/', Buffer.alloc(0), '5'),
      entry('package/a.txt', Buffer.from('a')),
      entry('package/big.data', big),
    );
    expect(await readTarEntry(file, (name) => name === 'package/big.data')).toEqual(big);
    expect(Buffer.from((await readTarEntry(file, (name) => name.endsWith('a.txt')))!).toString()).toBe('a');
  });

  it('is null when none fits or only a folder does', async () => {
    const file = await tarOf(entry('package/', Buffer.alloc(0), '5'), entry('package/a.txt', Buffer.from('a')));
    expect(await readTarEntry(file, (name) => name === 'package/' || name === 'b.txt')).toBeNull();
  });

  it('is refused when the file is cut off', async () => {
    const file = await tarOf(entry('package/big.data', big));
    await fs.truncate(file, 100_000);
    await expect(readTarEntry(file, () => true)).rejects.toThrow();
  });
});
