import { Menu, app, dialog, shell } from 'electron';
import type { MenuItemConstructorOptions } from 'electron';

/** The application menu. What belongs to the interface has its shortcuts there; the menu has what only the shell can do. */
export function installMenu(workspaceFolder: string): void {
  const template: MenuItemConstructorOptions[] = [
    ...(process.platform === 'darwin' ? [{ role: 'appMenu' as const }] : []),
    {
      label: '&File',
      submenu: [
        { label: 'Open Workspace…', accelerator: 'CmdOrCtrl+O', click: () => void openOtherWorkspace() },
        { label: 'Show Workspace Folder', click: () => void shell.openPath(workspaceFolder) },
        { type: 'separator' },
        process.platform === 'darwin' ? { role: 'close' } : { role: 'quit' },
      ],
    },
    { role: 'editMenu' },
    {
      label: '&View',
      submenu: [
        { role: 'reload' },
        { type: 'separator' },
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { type: 'separator' },
        { role: 'togglefullscreen' },
        ...(app.isPackaged ? [] : [{ role: 'toggleDevTools' as const }]),
      ],
    },
    { role: 'windowMenu' },
  ];
  Menu.setApplicationMenu(Menu.buildFromTemplate(template));
}

/** A workspace is chosen for the life of the program: the other one is opened by starting anew. */
async function openOtherWorkspace(): Promise<void> {
  const { canceled, filePaths } = await dialog.showOpenDialog({ properties: ['openDirectory', 'createDirectory'] });
  const folder = filePaths[0];
  if (canceled || folder === undefined) return;
  app.relaunch({
    args: [...process.argv.slice(1).filter((arg) => !arg.startsWith('--workspace=')), `--workspace=${folder}`],
  });
  app.quit();
}
