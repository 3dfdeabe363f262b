import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFolder, openFolder } from '../../src-main/trainer/node-folders.ts';

let place: string;
beforeEach(async () => {
  place = await fs.mkdtemp(path.join(os.tmpdir(), 'node-folders-'));
});
afterEach(() => fs.rm(place, { recursive: true, force: true }));

describe('a folder being written', () => {
  it('is not there before commit, and whole after it', async () => {
    const target = path.join(place, 'deep', 'model');
    const writer = await createFolder(target);
    await writer.writeText('a.txt', 'one');
    const sha256 = await writer.writeBytes('b.bin', [Uint8Array.of(1, 2), Uint8Array.of(3)]);
    expect(existsSync(target)).toBe(false);
    await writer.commit();
    expect(sha256).toBe(
      createHash('sha256')
        .update(Uint8Array.of(1, 2, 3))
        .digest('hex'),
    );
    expect((await fs.readdir(target)).sort()).toEqual(['a.txt', 'b.bin']);
    expect(await fs.readdir(path.dirname(target))).toEqual(['model']);
  });

  it('takes the place of one that is there', async () => {
    const target = path.join(place, 'model');
    for (const text of ['old', 'new']) {
      const writer = await createFolder(target);
      await writer.writeText(`${text}.txt`, text);
      await writer.commit();
    }
    expect(await fs.readdir(target)).toEqual(['new.txt']);
    expect(await fs.readdir(place)).toEqual(['model']);
  });

  it('leaves nothing when it is abandoned', async () => {
    const writer = await createFolder(path.join(place, 'model'));
    await writer.writeText('a.txt', 'one');
    await writer.abandon();
    expect(await fs.readdir(place)).toEqual([]);
  });

  it('hands on what went wrong while chunks were made', async () => {
    const writer = await createFolder(path.join(place, 'model'));
    const chunks = function* () {
      yield Uint8Array.of(1);
      throw new Error('no more weights');
    };
    await expect(writer.writeBytes('b.bin', chunks())).rejects.toThrow('no more weights');
    await writer.abandon();
  });
});

describe('a folder being read', () => {
  it('gives stretches of bytes, cut at the end of the file', async () => {
    await fs.writeFile(path.join(place, 'a.bin'), Uint8Array.of(0, 1, 2, 3, 4));
    const reader = openFolder(place);
    expect(await reader.list()).toEqual(['a.bin']);
    const stretches = await Promise.all([
      reader.readBytes('a.bin'),
      reader.readBytes('a.bin', 1, 2),
      reader.readBytes('a.bin', 3, 9),
      reader.readBytes('a.bin', 9, 1),
    ]);
    expect(stretches.map((bytes) => [...bytes])).toEqual([[0, 1, 2, 3, 4], [1, 2], [3, 4], []]);
  });

  it('rejects files that are not there and names that leave it', async () => {
    const reader = openFolder(place);
    await expect(reader.readText('a.txt')).rejects.toThrow(/ENOENT/);
    for (const name of ['../secret', 'a/b', 'a\\b', '..', '', 'a\0b']) {
      await expect(async () => reader.readBytes(name)).rejects.toThrow(/not a file name/);
    }
  });
});
