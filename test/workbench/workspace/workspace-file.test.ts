import { createWriteStream, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import { expect, test } from 'vitest';
import { quietTask } from '../../../src-main/workbench/supervision/task.ts';
import { exportWorkspaceFile, importWorkspaceFile } from '../../../src-main/workbench/workspace/workspace-file.ts';
import { importVerdicts, openTestWorkbench, temporaryFolder } from '../../helpers/workbench.ts';

async function zipOf(file: string, entries: Readonly<Record<string, string>>): Promise<string> {
  const zip = new ZipFile();
  for (const [name, content] of Object.entries(entries)) zip.addBuffer(Buffer.from(content), name);
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(file));
  return file;
}

test('a workspace goes into one file and comes back elsewhere, whole', async () => {
  const workbench = await openTestWorkbench();
  await importVerdicts(workbench, { old: '1100', new: '1010' });
  const [now, old] = await workbench.evaluations.list();
  const comparison = await workbench.comparisons.ready(old?.id ?? '', now?.id ?? '', undefined, quietTask());
  await workbench.reports.add(
    { subject: { kind: 'comparison', comparisonId: comparison.id }, format: 'md' },
    quietTask(),
  );
  const file = path.join(temporaryFolder(), 'workspace.zip');
  await exportWorkspaceFile(workbench.core, file, quietTask());
  const folder = path.join(temporaryFolder(), 'restored');
  await importWorkspaceFile(file, folder, quietTask());
  const restored = await openTestWorkbench({ folder });
  expect(await restored.evaluations.list()).toEqual(await workbench.evaluations.list());
  expect(await restored.comparisons.summary(comparison.id)).toEqual(await workbench.comparisons.summary(comparison.id));
  const [report] = await restored.reports.list();
  expect(existsSync(await restored.reports.fileOf(report?.id ?? ''))).toBe(true);
  await expect(importWorkspaceFile(file, folder, quietTask())).rejects.toMatchObject({ code: 'conflict' });
});

test.each([
  [{ 'workspace.sqlite': 'x', 'evil.txt': 'x' }],
  [{ 'workspace.sqlite': 'x', 'locks/device.lock': 'x' }],
  [{ 'runs/a/spec.json': '{}' }],
])('a file with anything else in it leaves nothing behind: %j', async (entries) => {
  const folder = temporaryFolder();
  const file = await zipOf(path.join(folder, 'hostile.zip'), entries);
  await expect(importWorkspaceFile(file, path.join(folder, 'target'), quietTask())).rejects.toMatchObject({
    code: 'bad-input',
  });
  expect(readdirSync(folder)).toEqual(['hostile.zip']);
});

test('what is no zip file is refused', async () => {
  const folder = temporaryFolder();
  const file = path.join(folder, 'not.zip');
  writeFileSync(file, 'not a zip');
  mkdirSync(path.join(folder, 'target'));
  await expect(importWorkspaceFile(file, path.join(folder, 'target'), quietTask())).rejects.toMatchObject({
    code: 'bad-input',
  });
});
