import { BrowserWindow, screen } from 'electron';
import type { Rectangle } from 'electron';
import { appPage } from './app-address.ts';
import { addContextMenu } from './context-menu.ts';
import { placeToOpen, readPlaces, usualSize, writePlace } from './window-bounds.ts';
import type { DisplayArea } from './window-bounds.ts';

export interface WindowOptions {
  /** Built preload script. */
  preload: string;
  /** File that keeps place, size and zoom per display. */
  boundsFile: string;
  /** Address within the page to begin at, such as `#/runs/…`. */
  place: string | null;
  /** Asked before the window closes; false keeps it open. */
  mayClose(window: BrowserWindow): Promise<boolean>;
  onFailure(where: string, error: unknown): void;
}

/** The one window: sandboxed, isolated, without Node; where it was on this display when it was last closed. */
export async function openWindow(options: WindowOptions): Promise<BrowserWindow> {
  const bounds = placeToOpen(await readPlaces(options.boundsFile), displays());
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
      // Charts of a run in a hidden window are up to date when it is shown again.
      backgroundThrottling: false,
    },
  });
  if (bounds?.maximized === true) window.maximize();
  window.once('ready-to-show', () => window.show());
  window.webContents.on('did-finish-load', () => window.webContents.setZoomLevel(bounds?.zoom ?? 0));
  addContextMenu(window.webContents);
  keepPlace(window, options);
  await window.loadURL(`${appPage}${options.place ?? ''}`);
  return window;
}

/** Place and zoom are written, and the question asked, before the window goes. */
function keepPlace(window: BrowserWindow, { boundsFile, mayClose, onFailure }: WindowOptions): void {
  let asking = false;
  let agreed = false;
  window.on('close', (event) => {
    if (agreed) return;
    event.preventDefault();
    if (asking) return;
    asking = true;
    const bounds = {
      ...window.getNormalBounds(),
      maximized: window.isMaximized(),
      zoom: window.webContents.getZoomLevel(),
    };
    writePlace(boundsFile, displayOf(bounds), bounds)
      .catch((error: unknown) => onFailure('keeping the window’s place', error))
      .then(() => mayClose(window))
      .then((yes) => {
        agreed = yes;
        if (yes && !window.isDestroyed()) window.close();
      })
      .catch((error: unknown) => onFailure('closing the window', error))
      .finally(() => (asking = false));
  });
}

function displays(): DisplayArea[] {
  return screen.getAllDisplays().map(({ id, workArea }) => ({ ...workArea, key: keyOf(id, workArea) }));
}

function displayOf(bounds: Rectangle): string {
  const { id, workArea } = screen.getDisplayMatching(bounds);
  return keyOf(id, workArea);
}

/** A display that came back with another resolution is another display. */
function keyOf(id: number, { width, height }: Rectangle): string {
  return `${id} ${width}x${height}`;
}
