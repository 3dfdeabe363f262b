import { BrowserWindow, dialog } from 'electron';
import type { MessageBoxOptions, OpenDialogOptions } from 'electron';
import type { Dialog } from '../../workbench/workspace/files.ts';

/** The system's own file dialog; null when it was dismissed. */
export const pickFile: Dialog = (purpose) => pick({ properties: [purpose === 'file' ? 'openFile' : 'openDirectory'] });

export function pickFolder(title: string): Promise<string | null> {
  return pick({ title, properties: ['openDirectory', 'createDirectory'] });
}

async function pick(options: OpenDialogOptions): Promise<string | null> {
  const window = frontWindow();
  const { canceled, filePaths } =
    window === undefined ? await dialog.showOpenDialog(options) : await dialog.showOpenDialog(window, options);
  return canceled ? null : (filePaths[0] ?? null);
}

/** What becomes of runs when the window closes. */
export type ClosingAnswer = 'tray' | 'stop' | 'cancel';

/** Asked once when the window closes while runs train or wait. */
export async function askAboutRuns(running: number): Promise<ClosingAnswer> {
  const response = await ask({
    type: 'question',
    message: running === 1 ? 'A run is training.' : `${running} runs are training or waiting.`,
    detail:
      'They can continue with the workbench in the tray, or stop after the current step with a checkpoint to resume from.',
    buttons: ['Keep running in the tray', 'Stop and quit', 'Cancel'],
    defaultId: 0,
    cancelId: 2,
  });
  return (['tray', 'stop', 'cancel'] as const)[response] ?? 'cancel';
}

/** Asked before the application ends while runs train. */
export async function confirmQuit(running: number): Promise<boolean> {
  const response = await ask({
    type: 'question',
    message: running === 1 ? 'A run is training.' : `${running} runs are training or waiting.`,
    detail: 'Quitting stops after the current step, with a checkpoint to resume from.',
    buttons: ['Stop and quit', 'Cancel'],
    defaultId: 1,
    cancelId: 1,
  });
  return response === 0;
}

/** Asked when the page has crashed: runs are in other processes and continue. */
export async function askToReload(reason: string): Promise<boolean> {
  const response = await ask({
    type: 'error',
    message: 'The window stopped working.',
    detail: `Its process ended (${reason}). Runs continue; nothing is lost.`,
    buttons: ['Reload', 'Quit'],
    defaultId: 0,
    cancelId: 0,
  });
  return response === 0;
}

/** Tells something, with a button to read on. */
export async function tell(message: string, detail: string): Promise<void> {
  await ask({ type: 'info', message, detail, buttons: ['OK'] });
}

async function ask(options: MessageBoxOptions): Promise<number> {
  const window = frontWindow();
  const { response } =
    window === undefined ? await dialog.showMessageBox(options) : await dialog.showMessageBox(window, options);
  return response;
}

function frontWindow(): BrowserWindow | undefined {
  return BrowserWindow.getFocusedWindow() ?? BrowserWindow.getAllWindows()[0];
}
