import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeFolder, makeFolderSync } from '../../src-main/system/folders.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'flipguard-folders-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const ways = {
  makeFolder,
  makeFolderSync: (folder: string, mode?: number) => Promise.resolve().then(() => makeFolderSync(folder, mode)),
};

describe.each(Object.entries(ways))('%s', (name, make) => {
  it('makes what is missing above it too, with the mode, and leaves what is there', async () => {
    const folder = path.join(root, name, 'b', 'c');
    await make(folder, 0o700);
    await make(folder, 0o755);
    expect((statSync(folder).mode & 0o777).toString(8)).toBe(process.platform === 'win32' ? '666' : '700');
  });

  it('takes a link to a folder for one, and refuses a file', async () => {
    const [target, link, file] = ['target', 'link', 'file'].map((what) => path.join(root, `${name}-${what}`)) as [
      string,
      string,
      string,
    ];
    await make(target);
    symlinkSync(target, link, 'dir');
    await make(path.join(link, 'inner'));
    expect(statSync(path.join(target, 'inner')).isDirectory()).toBe(true);
    writeFileSync(file, '');
    await expect(make(file)).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(make(path.join(file, 'inner'))).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(make(path.join(file, 'inner', 'most'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  it('comes back where a folder takes no new entry', async (ctx) => {
    if (process.platform !== 'linux') ctx.skip('only Linux has /proc');
    await expect(make('/proc/flipguard/a/b')).rejects.toMatchObject({ code: 'ENOENT', path: '/proc/flipguard' });
  });

  it('may be asked for the same folder several times at once', async () => {
    const folder = path.join(root, `${name}-together`, 'x');
    await Promise.all([make(folder), make(folder), make(folder)]);
    expect(statSync(folder).isDirectory()).toBe(true);
  });
});
