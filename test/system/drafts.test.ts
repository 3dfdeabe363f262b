import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { draftOf, isBeingWritten, isLeftDraft, removeLeftDrafts } from '../../src-main/system/drafts.ts';
import { temporaryFolder } from '../helpers/workbench.ts';

test('what a process that is gone left half-written is removed, what a living one writes and what has other names stays', async () => {
  const folder = temporaryFolder();
  const drafts = pathToFileURL(path.resolve(import.meta.dirname, '../../src-main/system/drafts.ts')).href;
  const script = `import { draftOf } from '${drafts}'; process.stdout.write(draftOf('gone'));`;
  const gone = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }).stdout;
  const mine = path.basename(draftOf('mine'));
  const elsewhere = mine.replace(/\.[0-9a-f]{4}-/, '.zzzz-').replace('zzzz', mine.includes('.0000-') ? '1111' : '0000');
  mkdirSync(path.join(folder, gone));
  writeFileSync(path.join(folder, gone, 'weights'), 'half');
  for (const name of [mine, elsewhere, 'notes.tmp']) writeFileSync(path.join(folder, name), '');
  expect([gone, mine, elsewhere, 'notes.tmp'].map((name) => [isLeftDraft(name), isBeingWritten(name)])).toEqual([
    [true, false],
    [false, true],
    [false, true],
    [false, false],
  ]);
  await removeLeftDrafts(folder);
  expect(readdirSync(folder).sort()).toEqual([mine, elsewhere, 'notes.tmp'].sort());
  await removeLeftDrafts(path.join(folder, 'missing'));
});
