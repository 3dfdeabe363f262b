import { Menu, Tray, nativeImage } from 'electron';

/** An icon in the tray for a workbench whose window is closed while runs continue. Returns what removes it. */
export function showTray(icon: string, onOpen: () => void, onQuit: () => void): () => void {
  const tray = new Tray(nativeImage.createFromPath(icon).resize({ width: 16, height: 16 }));
  tray.setToolTip('FlipGuard Workbench: runs are going on, and keep this computer awake');
  tray.setContextMenu(
    Menu.buildFromTemplate([
      { label: 'Open the workbench', click: onOpen },
      { type: 'separator' },
      { label: 'Stop runs and quit', click: onQuit },
    ]),
  );
  tray.on('click', onOpen);
  return () => tray.destroy();
}
