import { BrowserWindow, screen } from 'electron';
import { appPage } from './app-address.ts';
import { readBounds, usualSize, visibleBounds, writeBounds } from './window-bounds.ts';

/** The one window: sandboxed, isolated, without Node; where it was when it was last closed. */
export async function openWindow(options: { preload: string; boundsFile: string }): Promise<BrowserWindow> {
  const areas = screen.getAllDisplays().map(({ workArea }) => workArea);
  const bounds = visibleBounds(await readBounds(options.boundsFile), areas);
  const window = new BrowserWindow({
    ...usualSize,
    ...(bounds === null ? {} : { x: bounds.x, y: bounds.y, width: bounds.width, height: bounds.height }),
    minWidth: 1024,
    minHeight: 640,
    show: false,
    title: 'FlipGuard Workbench',
    webPreferences: {
      preload: options.preload,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      webviewTag: false,
      navigateOnDragDrop: false,
      // Its dictionaries would be fetched from the network.
      spellcheck: false,
    },
  });
  if (bounds?.maximized === true) window.maximize();
  window.once('ready-to-show', () => window.show());
  window.on('close', () => {
    const maximized = window.isMaximized();
    void writeBounds(options.boundsFile, { ...window.getNormalBounds(), maximized }).catch(() => {});
  });
  await window.loadURL(appPage);
  return window;
}
