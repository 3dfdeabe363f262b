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
export async function openFileOf(
  workbench: Pick<Workbench, 'files'>,
  file: string,
  openWorkspace: (folder: string) => Promise<void>,
): Promise<string | null> {
  if (!isWorkspaceFile(file)) return `#/reports/file/${workbench.files.offer(file)}`;
  const folder = await pickFolder(`An empty folder for the workspace in ${path.basename(file)}`);
  if (folder === null) return null;
  await importWorkspaceFile(file, folder, quietTask());
  await openWorkspace(folder);
  return null;
}

/**
 * Arguments of the start that follows this one, with another workspace: of those of now, what is said to Chromium and, unpackaged, the
 * folder of the application. A file or a link was opened by this start already.
 */
export function argumentsWith(folder: string, argv: readonly string[], packaged: boolean): string[] {
  const application = packaged ? [] : argv.slice(1, 2);
  const switches = argv
    .slice(packaged ? 1 : 2)
    .filter((word) => word.startsWith('--') && !/^--workspace(=|$)/.test(word));
  return [...application, ...switches, `--workspace=${folder}`];
}

/** A workspace is selected for the life of the program: another one is opened by a new start, once this one has ended. */
export function relaunchWith(folder: string): void {
  // An AppImage's programs are gone with its mount.
  const image = process.env['APPIMAGE'];
  app.relaunch({
    args: argumentsWith(folder, process.argv, app.isPackaged),
    ...(image === undefined ? {} : { execPath: image }),
  });
}
