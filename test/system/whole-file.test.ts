import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { makeWhole, makeWholeSync, writeWhole } from '../../src-main/system/whole-file.ts';
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
