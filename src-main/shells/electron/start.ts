import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { BrowserWindow, app, dialog, protocol, session, shell } from 'electron';
import { reportOf } from '../../shared/domain/errors.ts';
import { launchElectronTrainer } from '../../trainer/electron-child.ts';
import { createWorkbench } from '../../workbench/create-workbench.ts';
import { hasEnded } from '../../workbench/supervision/supervise.ts';
import type { Workbench } from '../../workbench/workbench.ts';
import { defaultWorkspaceFolder } from '../../workbench/workspace/workspace-layout.ts';
import { installLastResort, noteDefect } from '../defects.ts';
import { rendererFolder } from '../renderer-folder.ts';
import { appScheme } from './app-address.ts';
import { createAppProtocol } from './app-protocol.ts';
import { confirmQuit, pickFile } from './dialogs.ts';
import { serveIpc } from './ipc.ts';
import { installMenu } from './menu.ts';
import { electronPdfPrinter } from './print-pdf.ts';
import { denyNetwork, denyPermissions, pinContents } from './security.ts';
import { openWindow } from './window.ts';

/** Has to happen before the application is ready: a secure, standard origin with fetch and streams. */
export function registerAppScheme(): void {
  const privileges = { standard: true, secure: true, supportFetchAPI: true, stream: true, codeCache: true };
  protocol.registerSchemesAsPrivileged([{ scheme: appScheme, privileges }]);
}

/** Opens the workspace and its window. */
export async function startElectron(): Promise<void> {
  pinContents();
  await app.whenReady();
  const folder = workspaceOf(process.argv);
  const pages = rendererFolder();
  if (pages === null) return giveUp('The interface has not been built.', 'Run npm start, which builds it.');
  try {
    const workbench = await createWorkbench({
      folder,
      shell: 'electron',
      launchTrainer: launchElectronTrainer,
      dialog: pickFile,
      printPdf: electronPdfPrinter,
      openFile: async (file) => (await shell.openPath(file)) === '',
      onDefect: noteDefect,
    });
    installLastResort({
      say: (text) => dialog.showErrorBox('FlipGuard Workbench', text),
      close: () => workbench.close(),
      exit: (status) => app.exit(status),
    });
    denyPermissions(session.defaultSession);
    denyNetwork(session.defaultSession);
    session.defaultSession.protocol.handle(appScheme, createAppProtocol(pages, workbench.files));
    serveIpc(workbench);
    installMenu(folder);
    stopBeforeQuit(workbench);
    await showWindow();
  } catch (error) {
    const { message, remedy } = reportOf(error);
    giveUp(message, remedy ?? '');
  }
}

/** A second start shows the window that is there. */
export function showWindow(): Promise<unknown> {
  const [window] = BrowserWindow.getAllWindows();
  if (window !== undefined) {
    if (window.isMinimized()) window.restore();
    window.focus();
    return Promise.resolve();
  }
  const preload = fileURLToPath(new URL('../preload/index.cjs', bundleFolder()));
  return openWindow({ preload, boundsFile: path.join(app.getPath('userData'), 'window.json') });
}

/** Folder of the bundle, `out/main/`: this module may stand in one of its chunks. */
function bundleFolder(): URL {
  const here = new URL('.', import.meta.url);
  return here.pathname.endsWith('/chunks/') ? new URL('..', here) : here;
}

function workspaceOf(args: readonly string[]): string {
  const given = args.find((arg) => arg.startsWith('--workspace='))?.slice('--workspace='.length);
  const after = args[args.indexOf('--workspace') + 1];
  const named = given ?? (args.includes('--workspace') ? after : undefined);
  return named === undefined ? defaultWorkspaceFolder() : path.resolve(named);
}

/** Runs end with a checkpoint, and the database is closed, before the process goes. */
function stopBeforeQuit(workbench: Workbench): void {
  let closing = false;
  app.on('before-quit', (event) => {
    event.preventDefault();
    if (closing) return;
    closing = true;
    (async () => {
      const running = (await workbench.runs.list()).filter((run) => !hasEnded(run.status)).length;
      if (running > 0 && !(await confirmQuit(running))) {
        closing = false;
        return;
      }
      await workbench.close();
      app.exit(0);
    })().catch((error: unknown) => {
      // What does not close does not keep the window: the next start settles what was left.
      noteDefect('quitting', error);
      app.exit(3);
    });
  });
}

function giveUp(message: string, detail: string): void {
  dialog.showErrorBox(message, detail);
  app.exit(3);
}
