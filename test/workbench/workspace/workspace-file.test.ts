import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { quietTask } from '../../../src-main/workbench/supervision/task.ts';
import { importWorkspaceFile } from '../../../src-main/workbench/workspace/restore-workspace.ts';
import { exportWorkspaceFile } from '../../../src-main/workbench/workspace/workspace-file.ts';
import { importVerdicts, openTestWorkbench, temporaryFolder } from '../../helpers/workbench.ts';

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

test('an export replaces nothing unasked, and a cancelled one leaves nothing, open or on disk', async () => {
  const workbench = await openTestWorkbench();
  const folder = temporaryFolder();
  const file = path.join(folder, 'workspace.zip');
  writeFileSync(file, 'mine');
  await expect(exportWorkspaceFile(workbench.core, file, quietTask())).rejects.toMatchObject({ code: 'conflict' });
  expect(readFileSync(file, 'utf8')).toBe('mine');
  await exportWorkspaceFile(workbench.core, file, quietTask(), { overwrite: true });
  expect(readFileSync(file, 'latin1').slice(0, 2)).toBe('PK');
  writeFileSync(path.join(workbench.core.layout.exports, 'large'), Buffer.alloc(8 << 20, 1));
  const abort = new AbortController();
  const task = { signal: abort.signal, progress: (phase: string) => phase === 'packing' && abort.abort() };
  const cancelled = exportWorkspaceFile(workbench.core, path.join(folder, 'other.zip'), task as never);
  await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
  expect(readdirSync(folder)).toEqual(['workspace.zip']);
  expect(readdirSync(workbench.core.layout.cache)).toEqual([]);
});
