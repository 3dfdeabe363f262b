import path from 'node:path';
import { BrowserWindow, app, clipboard, dialog, protocol, session, shell } from 'electron';
import { reportOf } from '../../shared/domain/errors.ts';
import { hasEnded } from '../../shared/domain/run-states.ts';
import { useHelperLauncher } from '../../system/helper-process.ts';
import { launchElectronTrainer } from '../../trainer/electron-child.ts';
import { createWorkbench } from '../../workbench/create-workbench.ts';
import { version } from '../../workbench/version.ts';
import type { Workbench } from '../../workbench/workbench.ts';
import { defaultWorkspaceFolder } from '../../workbench/workspace/workspace-layout.ts';
import { defectLog, installLastResort, noteDefect } from '../defects.ts';
import { rendererFolder } from '../renderer-folder.ts';
import { showActivity } from './activity.ts';
import { appScheme } from './app-address.ts';
import { nameBindingPlace } from './binding-place.ts';
import { createAppProtocol } from './app-protocol.ts';
import { askAboutRuns, askToReload, confirmQuit, pickFile, pickFolder, tell } from './dialogs.ts';
import { diagnosticsText } from './diagnostics.ts';
import { installCommand } from './install-command.ts';
import { isHostWindow } from './host-address.ts';
import { HostWindows } from './host-window.ts';
import { serveIpc } from './ipc.ts';
import { installMenu } from './menu.ts';
import type { MenuActions } from './menu.ts';
import { openFileOf, relaunchWith } from './opening.ts';
import { electronPdfPrinter } from './print-pdf.ts';
import { rememberRecent } from './recent-workspaces.ts';
import { denyNetwork, denyPermissions, pinContents } from './security.ts';
import type { StartRequest } from './start-request.ts';
import { showTray } from './tray.ts';
import { bundledFile, iconFile } from './files.ts';
import { launchElectronHelper } from './helper-process.ts';
import { openWindow } from './window.ts';

/** Has to happen before the application is ready: a secure, standard origin with fetch and streams. */
export function registerAppScheme(): void {
  const privileges = { standard: true, secure: true, supportFetchAPI: true, stream: true, codeCache: true };
  protocol.registerSchemesAsPrivileged([{ scheme: appScheme, privileges }]);
}

/** What the running application answers: a second start, a link, a file dropped on its icon. */
export interface Desktop {
  open(request: Pick<StartRequest, 'file' | 'place'> & Partial<Pick<StartRequest, 'workspace'>>): void;
}

/** Opens the workspace and its window; null when it could not, which was said. */
export async function startElectron(request: StartRequest): Promise<Desktop | null> {
  nameBindingPlace();
  useHelperLauncher(launchElectronHelper);
  pinContents();
  await app.whenReady();
  const folder = request.workspace ?? defaultWorkspaceFolder();
  const pages = rendererFolder();
  if (pages === null) return giveUp('The interface has not been built.', 'Run npm start, which builds it.');
  try {
    const hosts = new HostWindows();
    const workbench = await createWorkbench({
      folder,
      shell: 'electron',
      launchTrainer: launchElectronTrainer,
      dialog: pickFile,
      printPdf: electronPdfPrinter,
      connectHost: (request, task) => hosts.open(request, task),
      openFile: async (file) => (await shell.openPath(file)) === '',
      showFile: (file) => shell.showItemInFolder(file),
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
    const recent = await rememberRecent(path.join(app.getPath('userData'), 'recent.json'), folder);
    app.addRecentDocument(folder);
    const desktop = new DesktopShell(workbench, folder, hosts);
    installMenu(recent, desktop.menu());
    await desktop.show(request.place);
    if (request.file !== null) desktop.open(request);
    return desktop;
  } catch (error) {
    const { message, remedy } = reportOf(error);
    return giveUp(message, remedy ?? '');
  }
}

function giveUp(message: string, detail: string): null {
  dialog.showErrorBox(message, detail);
  app.exit(3);
  return null;
}

/** The one window over one workbench, and what the system's own controls do with it. */
class DesktopShell implements Desktop {
  readonly #workbench: Workbench;
  readonly #folder: string;
  readonly #hosts: HostWindows;
  readonly #endActivity: () => void;
  #removeTray: (() => void) | null = null;
  #quitting = false;

  constructor(workbench: Workbench, folder: string, hosts: HostWindows) {
    this.#hosts = hosts;
    this.#workbench = workbench;
    this.#folder = folder;
    this.#endActivity = showActivity(workbench, (place) => this.open({ file: null, place }));
    app.on('before-quit', (event) => {
      event.preventDefault();
      this.#do('quitting', this.#quit());
    });
    app.on('window-all-closed', () => {
      if (this.#removeTray === null) app.quit();
    });
    app.on('render-process-gone', (_event, contents, { reason }) => {
      if (reason !== 'clean-exit') this.#do('reloading the window', this.#afterCrash(contents, reason));
    });
  }

  open({ file, place, workspace = null }: Parameters<Desktop['open']>[0]): void {
    if (workspace !== null && path.resolve(workspace) !== path.resolve(this.#folder)) {
      this.#do('opening a workspace', this.#restartWith(workspace));
      return;
    }
    const address =
      file === null ? Promise.resolve(place) : openFileOf(this.#workbench, file, (folder) => this.#restartWith(folder));
    this.#do(
      'opening',
      address.then((found) => this.show(found)),
    );
  }

  /** Brings the window to the front, made again when it was closed, and to a place when one is named. */
  async show(place: string | null): Promise<void> {
    this.#removeTray?.();
    this.#removeTray = null;
    const window = BrowserWindow.getAllWindows().find((one) => !isHostWindow(one));
    if (window === undefined) {
      await openWindow({
        preload: bundledFile('preload/index.cjs'),
        boundsFile: path.join(app.getPath('userData'), 'window.json'),
        place,
        mayClose: () => this.#mayClose(),
        onFailure: noteDefect,
      });
      return;
    }
    if (window.isMinimized()) window.restore();
    window.focus();
    if (place !== null) await window.webContents.executeJavaScript(`location.hash = ${JSON.stringify(place)}; null`);
  }

  menu(): MenuActions {
    return {
      openWorkspace: (folder) => this.#do('opening a workspace', this.#openWorkspace(folder)),
      openFile: () => this.#do('opening a file', this.#openPicked()),
      connectToHost: () => this.open({ file: null, place: '#/connect' }),
      showWorkspaceFolder: () => shell.showItemInFolder(path.join(this.#folder, 'workspace.sqlite')),
      showLogs: () => shell.showItemInFolder(defectLog()),
      installCommand: () => this.#do('installing the command', this.#installCommand()),
      copyDiagnostics: () => this.#do('copying diagnostics', this.#copyDiagnostics()),
      showAbout: () => app.showAboutPanel(),
    };
  }

  async #openWorkspace(folder: string | null): Promise<void> {
    const picked = folder ?? (await pickFolder('Open a workspace'));
    if (picked !== null) await this.#restartWith(picked);
  }

  async #restartWith(folder: string): Promise<void> {
    if (this.#quitting || !(await this.#mayEnd())) return;
    relaunchWith(folder);
    await this.#end();
  }

  async #openPicked(): Promise<void> {
    const file = await pickFile('file');
    if (file !== null) this.open({ file, place: null });
  }

  async #installCommand(): Promise<void> {
    const { file, onPath } = await installCommand(process.env['APPIMAGE'] ?? process.execPath);
    await tell('The flipguard command is installed.', onPath ? file : `${file}. Add its folder to PATH.`);
  }

  async #copyDiagnostics(): Promise<void> {
    await clipboard.writeText(diagnosticsText(version, await this.#workbench.doctor(), process.versions['electron']));
    await tell('Diagnostics are on the clipboard.', 'They name no person and no path.');
  }

  async #afterCrash(contents: Electron.WebContents, reason: string): Promise<void> {
    noteDefect('the window’s process', new Error(reason));
    if (await askToReload(reason)) contents.reload();
    else app.quit();
  }

  /** Whether the window may close; runs that continue keep the program in the tray. */
  async #mayClose(): Promise<boolean> {
    if (this.#quitting) return true;
    const running = await this.#running();
    if (running === 0) return true;
    const answer = await askAboutRuns(running);
    if (answer === 'stop') await this.#end();
    if (answer === 'tray')
      this.#removeTray = showTray(
        iconFile(),
        () => this.open({ file: null, place: null }),
        () => this.#do('quitting', this.#end()),
      );
    return answer === 'tray';
  }

  async #quit(): Promise<void> {
    if (!this.#quitting && (await this.#mayEnd())) await this.#end();
  }

  /** Whether the program may end: asked only while runs train or wait. */
  async #mayEnd(): Promise<boolean> {
    const running = await this.#running();
    return running === 0 || confirmQuit(running);
  }

  /** Runs end with a checkpoint, and the database is closed, before the process goes. A close that fails ends it all the same. */
  async #end(): Promise<void> {
    if (this.#quitting) return;
    this.#quitting = true;
    try {
      this.#endActivity();
      await this.#hosts.close();
      await this.#workbench.close();
    } catch (error) {
      noteDefect('closing', error);
    } finally {
      app.exit(0);
    }
  }

  async #running(): Promise<number> {
    return (await this.#workbench.runs.list()).filter((run) => !hasEnded(run.status)).length;
  }

  /** Runs what a control of the system asked for; a failure is said and written down. */
  #do(what: string, work: Promise<void>): void {
    work.then(null, (error: unknown) => {
      const { code, message, remedy } = reportOf(error);
      if (code === 'internal') noteDefect(what, error);
      dialog.showErrorBox(message, remedy ?? '');
    });
  }
}
