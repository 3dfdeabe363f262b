import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { tidyWorkspace } from '../../../src-main/workbench/workspace/tidy.ts';
import { createFolders, workspaceLayout } from '../../../src-main/workbench/workspace/workspace-layout.ts';
import { temporaryFolder } from '../../helpers/workbench.ts';

test('uploads and exports of more than a week ago are removed, and nothing else', async () => {
  const layout = workspaceLayout(temporaryFolder());
  await createFolders(layout);
  const now = Date.UTC(2030, 0, 31);
  const add = (folder: string, name: string, day: number) => {
    mkdirSync(path.join(folder, name));
    writeFileSync(path.join(folder, name, 'file'), 'x');
    utimesSync(path.join(folder, name), new Date(Date.UTC(2030, 0, day)), new Date(Date.UTC(2030, 0, day)));
  };
  for (const folder of [layout.uploads, layout.exports, layout.runs, layout.reports]) {
    add(folder, 'old', 1);
    add(folder, 'new', 30);
  }
  await tidyWorkspace(layout, now);
  expect([layout.uploads, layout.exports].map((folder) => readdirSync(folder))).toEqual([['new'], ['new']]);
  expect([layout.runs, layout.reports].map((folder) => readdirSync(folder).sort())).toEqual([
    ['new', 'old'],
    ['new', 'old'],
  ]);
});

test('a workspace in a place that cannot be written to is refused in a sentence', async () => {
  const file = path.join(temporaryFolder(), 'file');
  writeFileSync(file, '');
  await expect(createFolders(workspaceLayout(path.join(file, 'workspace')))).rejects.toMatchObject({ code: 'io' });
});
