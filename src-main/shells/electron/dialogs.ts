import { BrowserWindow, dialog } from 'electron';
import type { Dialog } from '../../workbench/workspace/files.ts';

/** The system's own file dialog; null when it was dismissed. */
export const pickFile: Dialog = async (purpose) => {
  const properties: ('openFile' | 'openDirectory')[] = [purpose === 'file' ? 'openFile' : 'openDirectory'];
  const window = BrowserWindow.getFocusedWindow() ?? BrowserWindow.getAllWindows()[0];
  const { canceled, filePaths } =
    window === undefined
      ? await dialog.showOpenDialog({ properties })
      : await dialog.showOpenDialog(window, { properties });
  return canceled ? null : (filePaths[0] ?? null);
};

/** Asked before the application ends while runs train. */
export async function confirmQuit(running: number): Promise<boolean> {
  const { response } = await dialog.showMessageBox({
    type: 'question',
    message: running === 1 ? 'A run is training.' : `${running} runs are training or waiting.`,
    detail: 'Quitting stops it after the step at hand, with a checkpoint; it can be resumed later.',
    buttons: ['Stop and quit', 'Cancel'],
    defaultId: 1,
    cancelId: 1,
  });
  return response === 0;
}
