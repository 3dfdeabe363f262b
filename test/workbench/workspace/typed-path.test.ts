import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { placeOf } from '../../../src-main/workbench/workspace/typed-path.ts';
import { temporaryFolder } from '../../helpers/workbench.ts';

test('a path that a person types or pastes is the file or folder it means', async () => {
  const root = temporaryFolder();
  const file = path.join(root, 'a file.jsonl');
  writeFileSync(file, '');
  const found = { file, kind: 'file' };
  for (const typed of [
    file,
    ` ${file} `,
    `"${file}"`,
    `'${file}'`,
    `file://${encodeURI(file)}`,
    path.join(root, 'x', '..', 'a file.jsonl'),
  ])
    expect(await placeOf(typed)).toEqual(found);
  expect(await placeOf(`${root}/`)).toEqual({ file: root, kind: 'folder' });
  expect((await placeOf('~')).kind).toBe('folder');
  expect((await placeOf('~')).file).toBe((await placeOf(os.homedir())).file);
});

test.each([
  ['', 'it is empty'],
  ['results/base', 'it is not a whole path'],
  ['/no/such/place', 'there is no such file or folder'],
  ['/proc/self/environ', 'it belongs to the system'],
  ['/dev/zero', 'it belongs to the system'],
  ['/etc\0/passwd', 'it has a character that no path has'],
])('“%s” is refused: %s', async (typed, why) => {
  await expect(placeOf(typed)).rejects.toThrow(why);
});

test('hidden places stay out of reach, by a link too', async () => {
  const root = temporaryFolder();
  mkdirSync(path.join(root, '.ssh'));
  writeFileSync(path.join(root, '.ssh', 'id'), 'secret');
  symlinkSync(path.join(root, '.ssh'), path.join(root, 'plain'));
  await expect(placeOf(path.join(root, '.ssh', 'id'))).rejects.toThrow('“.ssh” is hidden');
  await expect(placeOf(path.join(root, 'plain', 'id'))).rejects.toThrow('“.ssh” is hidden');
  mkdirSync(path.join(root, '.cache'));
  expect((await placeOf(path.join(root, '.cache'))).kind).toBe('folder');
});
