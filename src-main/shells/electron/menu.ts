import path from 'node:path';
import { Menu, app } from 'electron';
import type { MenuItemConstructorOptions } from 'electron';

/** What the menu can have done; each reports its own failures. */
export interface MenuActions {
  openWorkspace(folder: string | null): void;
  openFile(): void;
  connectToHost(): void;
  showWorkspaceFolder(): void;
  showLogs(): void;
  installCommand(): void;
  copyDiagnostics(): void;
  showAbout(): void;
}

/** The application menu. What belongs to the interface has its shortcuts there; the menu has what only the shell can do. */
export function installMenu(recent: readonly string[], actions: MenuActions): void {
  const mac = process.platform === 'darwin';
  const template: MenuItemConstructorOptions[] = [
    ...(mac ? [{ role: 'appMenu' as const }] : []),
    {
      label: '&File',
      submenu: [
        { label: 'Open Workspace…', accelerator: 'CmdOrCtrl+O', click: () => actions.openWorkspace(null) },
        { label: 'Open Recent', submenu: recentEntries(recent, actions) },
        { label: 'Connect to Host…', click: () => actions.connectToHost() },
        { label: 'Open Report or Workspace File…', click: () => actions.openFile() },
        { type: 'separator' },
        { label: 'Show Workspace Folder', click: () => actions.showWorkspaceFolder() },
        { label: 'Show Logs', click: () => actions.showLogs() },
        { type: 'separator' },
        mac ? { role: 'close' } : { role: 'quit' },
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
    {
      role: 'help',
      submenu: [
        { label: 'Copy Diagnostics', click: () => actions.copyDiagnostics() },
        ...(app.isPackaged
          ? [{ label: 'Install the “flipguard” Command…', click: () => actions.installCommand() }]
          : []),
        ...(mac ? [] : [{ label: 'About FlipGuard Workbench', click: () => actions.showAbout() }]),
      ],
    },
  ];
  Menu.setApplicationMenu(Menu.buildFromTemplate(template));
  if (mac) app.dock?.setMenu(Menu.buildFromTemplate(recentEntries(recent, actions)));
  if (process.platform === 'win32') setJumpList(recent);
}

function recentEntries(recent: readonly string[], actions: MenuActions): MenuItemConstructorOptions[] {
  if (recent.length === 0) return [{ label: 'No recent workspaces', enabled: false }];
  return recent.map((folder) => ({ label: folder, click: () => actions.openWorkspace(folder) }));
}

function setJumpList(recent: readonly string[]): void {
  app.setJumpList([
    {
      type: 'custom',
      name: 'Workspaces',
      items: recent.map((folder) => ({
        type: 'task',
        title: path.basename(folder),
        description: folder,
        program: process.execPath,
        args: `"--workspace=${folder}"`,
      })),
    },
  ]);
}
