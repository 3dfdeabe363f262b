import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { makeWhole, makeWholeSync, refuseDevice, writeWhole } from '../../src-main/system/whole-file.ts';
import { temporaryFolder } from '../helpers/workbench.ts';

test('many who write one file at once all succeed, and one whole content stays', async () => {
  const folder = temporaryFolder();
  const file = path.join(folder, 'note.json');
  const contents = Array.from({ length: 20 }, (_, i) => `${i}`.repeat(10_000));
  await Promise.all(contents.map((content) => writeWhole(file, content)));
  expect(contents).toContain(readFileSync(file, 'utf8'));
  expect([readdirSync(folder), statSync(file).mode & 0o777]).toEqual([['note.json'], 0o600]);
});

test('a writer that fails leaves the old file and no draft', async () => {
  const folder = temporaryFolder();
  const file = path.join(folder, 'rows.ndjson');
  writeFileSync(file, 'old');
  const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  await expect(
    makeWhole(file, async (draft) => {
      await writeFile(draft, 'half');
      throw full;
    }),
  ).rejects.toBe(full);
  expect(() =>
    makeWholeSync(file, (draft) => {
      writeFileSync(draft, 'half');
      throw full;
    }),
  ).toThrow(full);
  expect([readdirSync(folder), readFileSync(file, 'utf8')]).toEqual([['rows.ndjson'], 'old']);
});

test('what is no file keeps its name: a device, a pipe, and links to them', async (ctx) => {
  if (process.platform === 'win32') return ctx.skip('no devices in folders here');
  const folder = temporaryFolder();
  const at = (name: string): string => path.join(folder, name);
  execFileSync('mkfifo', [at('pipe')]);
  symlinkSync('/dev/null', at('null'));
  symlinkSync(at('pipe'), at('to-pipe'));
  symlinkSync('/proc/self/fd/1', at('stdout'));
  const names = ['pipe', 'null', 'to-pipe', 'stdout'];
  const before = names.map((name) => lstatSync(at(name)).ino);
  for (const name of names) {
    await expect(writeWhole(at(name), 'x'), name).rejects.toThrow('is a device or a pipe, not a file');
    expect(() => makeWholeSync(at(name), (draft) => writeFileSync(draft, 'x')), name).toThrow('a device or a pipe');
  }
  expect(() => refuseDevice('/dev/null')).toThrow('/dev/null is a device');
  expect(names.map((name) => lstatSync(at(name)).ino)).toEqual(before);
  expect(readdirSync(folder).toSorted()).toEqual(names.toSorted());
});

test('a link to a file, or to none, is replaced as it always was', async () => {
  const folder = temporaryFolder();
  const [file, link, dangling] = ['file', 'link', 'dangling'].map((name) => path.join(folder, name));
  writeFileSync(file!, 'old');
  symlinkSync(file!, link!);
  symlinkSync(path.join(folder, 'nowhere'), dangling!);
  await writeWhole(link!, 'new');
  await writeWhole(dangling!, 'new');
  expect([readFileSync(file!, 'utf8'), readFileSync(link!, 'utf8'), readFileSync(dangling!, 'utf8')]).toEqual([
    'old',
    'new',
    'new',
  ]);
  expect(existsSync(path.join(folder, 'nowhere'))).toBe(false);
});
