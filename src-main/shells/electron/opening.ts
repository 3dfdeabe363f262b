import path from 'node:path';
import { app } from 'electron';
import { importWorkspaceFile } from '../../workbench/workspace/restore-workspace.ts';
import { quietTask } from '../../workbench/supervision/task.ts';
import type { Workbench } from '../../workbench/workbench.ts';
import { pickFolder } from './dialogs.ts';
import { isWorkspaceFile } from './start-request.ts';

/**
 * Opens a file from the system: a report as a page of the interface (its address is returned), a workspace file by unpacking it into an
 * empty folder that the person names, with which the program starts again.
 */
export async function openFileOf(workbench: Pick<Workbench, 'files'>, file: string): Promise<string | null> {
  if (!isWorkspaceFile(file)) return `#/reports/file/${workbench.files.offer(file)}`;
  const folder = await pickFolder(`An empty folder for the workspace in ${path.basename(file)}`);
  if (folder === null) return null;
  await importWorkspaceFile(file, folder, quietTask());
  restartWith(folder);
  return null;
}

/** A workspace is selected for the life of the program: another one is opened by a new start. */
export function restartWith(folder: string): void {
  const others = process.argv
    .slice(1)
    .filter((word) => !word.startsWith('--workspace') && !word.startsWith('flipguard:'));
  app.relaunch({ args: [...others, `--workspace=${folder}`] });
  app.quit();
}
