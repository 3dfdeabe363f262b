import { fork } from 'node:child_process';
import { EventEmitter } from 'node:events';
import path from 'node:path';
import type * as Electron from 'electron';

/**
 * Stands in for the `electron` module where its binary is not to be had: it records what the main process asks of the system, and answers
 * as Electron does. Every part is typed against Electron's own declarations, so that it cannot drift from them unseen. In one file although
 * it is long: it is one module, as Electron is.
 */

type Part<T, Names extends keyof T> = Pick<T, Names>;

/** What was asked for, in order of asking. */
export interface Recorded {
  windows: StandInWindow[];
  menus: Electron.MenuItemConstructorOptions[][];
  handlers: Map<string, (event: Electron.IpcMainInvokeEvent, ...args: unknown[]) => unknown>;
  protocols: Map<string, (request: Request) => Response | Promise<Response>>;
  schemes: Electron.CustomScheme[];
  notifications: Electron.NotificationConstructorOptions[];
  trays: string[];
  /** Services of the utility processes that were started. */
  utilities: string[];
  exits: number[];
  relaunches: Electron.RelaunchOptions[];
  errors: string[];
  asked: Electron.MessageBoxOptions[];
  clipboard: string[];
  shown: string[];
  sleepBlocked: number;
  permission: ((permission: string) => boolean) | null;
  check: ((permission: string) => boolean) | null;
  device: (() => boolean) | null;
  request: ((url: string) => boolean) | null;
  badge: number;
}

export const recorded: Recorded = empty();
/** What the person does when asked: the button of the next message box, the path of the next file dialog. */
export const answers = { button: 0, path: '', folder: '' };
export const userData = { path: '' };

function empty(): Recorded {
  return {
    windows: [],
    menus: [],
    handlers: new Map(),
    protocols: new Map(),
    schemes: [],
    notifications: [],
    trays: [],
    utilities: [],
    exits: [],
    relaunches: [],
    errors: [],
    asked: [],
    clipboard: [],
    shown: [],
    sleepBlocked: 0,
    permission: null,
    check: null,
    device: null,
    request: null,
    badge: 0,
  };
}

/** Forgets everything, as a new start of the program does. */
export function reset(): void {
  Object.assign(recorded, empty());
  Object.assign(answers, { button: 0, path: '', folder: '' });
  app.removeAllListeners();
}

class StandInApp extends EventEmitter {
  readonly isPackaged = false;
  readonly whenReady: Electron.App['whenReady'] = () => Promise.resolve();
  readonly requestSingleInstanceLock: Electron.App['requestSingleInstanceLock'] = () => true;
  readonly setAsDefaultProtocolClient: Electron.App['setAsDefaultProtocolClient'] = () => true;
  readonly addRecentDocument: Electron.App['addRecentDocument'] = () => {};
  readonly showAboutPanel: Electron.App['showAboutPanel'] = () => {};
  readonly getPath: Electron.App['getPath'] = () => userData.path;
  readonly exit: Electron.App['exit'] = (status) => void recorded.exits.push(status ?? 0);
  readonly relaunch: Electron.App['relaunch'] = (options) => void recorded.relaunches.push(options ?? {});
  readonly setJumpList: Electron.App['setJumpList'] = () => 'ok';
  readonly setBadgeCount: Electron.App['setBadgeCount'] = (count) => {
    recorded.badge = count ?? 0;
    return true;
  };
  readonly quit: Electron.App['quit'] = () => void this.emit('before-quit', { preventDefault: () => {} });
}
export const app = new StandInApp() satisfies Part<
  Electron.App,
  'whenReady' | 'getPath' | 'exit' | 'quit' | 'isPackaged'
>;

class StandInContents extends EventEmitter {
  url = '';
  zoom = 0;
  openHandler: Parameters<Electron.WebContents['setWindowOpenHandler']>[0] | null = null;
  readonly scripts: string[] = [];
  /** What was sent to the page: channel and arguments. */
  readonly sent: [string, ...unknown[]][] = [];
  reloads = 0;
  get mainFrame(): { url: string } {
    return this.#frame;
  }
  readonly #frame = { url: '' };
  readonly getURL: Electron.WebContents['getURL'] = () => this.url;
  readonly setZoomLevel: Electron.WebContents['setZoomLevel'] = (level) => void (this.zoom = level);
  readonly getZoomLevel: Electron.WebContents['getZoomLevel'] = () => this.zoom;
  readonly reload: Electron.WebContents['reload'] = () => void (this.reloads += 1);
  readonly send: Electron.WebContents['send'] = (channel, ...args: unknown[]) => {
    this.sent.push([channel, ...args]);
    this.emit('stand-in-sent', channel, ...args);
  };
  readonly setWindowOpenHandler: Electron.WebContents['setWindowOpenHandler'] = (handler) =>
    void (this.openHandler = handler);
  readonly executeJavaScript: Electron.WebContents['executeJavaScript'] = (code) => {
    this.scripts.push(code);
    return Promise.resolve(null);
  };
  goTo(url: string): void {
    this.url = url;
    this.#frame.url = url;
  }
}

export class StandInWindow extends EventEmitter {
  readonly options: Electron.BrowserWindowConstructorOptions;
  readonly webContents = new StandInContents();
  progress = -1;
  bounds: Electron.Rectangle;
  maximized = false;
  destroyed = false;
  shown = false;

  constructor(options: Electron.BrowserWindowConstructorOptions = {}) {
    super();
    this.options = options;
    const { x = 0, y = 0, width = 800, height = 600 } = options;
    this.bounds = { x, y, width, height };
    recorded.windows.push(this);
    app.emit('web-contents-created', {}, this.webContents);
  }

  static getAllWindows(): StandInWindow[] {
    return recorded.windows.filter((window) => !window.destroyed);
  }
  static focused: StandInWindow | null = null;
  static getFocusedWindow(): StandInWindow | null {
    return StandInWindow.focused;
  }

  readonly loadURL: Electron.BrowserWindow['loadURL'] = (url) => {
    this.webContents.goTo(url);
    this.emit('ready-to-show');
    this.webContents.emit('did-finish-load');
    return Promise.resolve();
  };
  readonly show: Electron.BrowserWindow['show'] = () => void (this.shown = true);
  readonly hide: Electron.BrowserWindow['hide'] = () => void (this.shown = false);
  title = '';
  readonly setTitle: Electron.BrowserWindow['setTitle'] = (title) => void (this.title = title);
  readonly focus: Electron.BrowserWindow['focus'] = () => void (this.shown = true);
  readonly isMinimized: Electron.BrowserWindow['isMinimized'] = () => false;
  readonly restore: Electron.BrowserWindow['restore'] = () => {};
  readonly maximize: Electron.BrowserWindow['maximize'] = () => void (this.maximized = true);
  readonly isMaximized: Electron.BrowserWindow['isMaximized'] = () => this.maximized;
  readonly isDestroyed: Electron.BrowserWindow['isDestroyed'] = () => this.destroyed;
  readonly getNormalBounds: Electron.BrowserWindow['getNormalBounds'] = () => this.bounds;
  readonly setProgressBar: Electron.BrowserWindow['setProgressBar'] = (progress) => void (this.progress = progress);
  readonly destroy: Electron.BrowserWindow['destroy'] = () => {
    this.destroyed = true;
    this.emit('closed');
    if (StandInWindow.getAllWindows().length === 0) app.emit('window-all-closed');
  };
  readonly close: Electron.BrowserWindow['close'] = () => {
    let prevented = false;
    this.emit('close', { preventDefault: () => (prevented = true) });
    if (!prevented) this.destroy();
  };
}
export { StandInWindow as BrowserWindow };

export const ipcMain: Part<Electron.IpcMain, 'handle'> = {
  handle: (channel, listener) => void recorded.handlers.set(channel, listener),
};

export const Menu: Part<typeof Electron.Menu, 'buildFromTemplate' | 'setApplicationMenu'> = {
  buildFromTemplate: (template) => {
    recorded.menus.push(template as Electron.MenuItemConstructorOptions[]);
    // Nothing here asks a menu for more than to be installed or shown.
    return { popup: () => {} } as Electron.Menu;
  },
  setApplicationMenu: () => {},
};

/** The parts of the message box's and the file dialog's two forms that are used here. */
export const dialog = {
  showErrorBox: ((title, content) =>
    void recorded.errors.push(`${title} ${content}`.trim())) satisfies Electron.Dialog['showErrorBox'],
  showMessageBox: (...args: unknown[]): Promise<Electron.MessageBoxReturnValue> => {
    recorded.asked.push(args.at(-1) as Electron.MessageBoxOptions);
    return Promise.resolve({ response: answers.button, checkboxChecked: false });
  },
  showOpenDialog: (...args: unknown[]): Promise<Electron.OpenDialogReturnValue> => {
    const { properties = [] } = args.at(-1) as Electron.OpenDialogOptions;
    const chosen = properties.includes('openDirectory') ? answers.folder : answers.path;
    return Promise.resolve({ canceled: chosen === '', filePaths: chosen === '' ? [] : [chosen] });
  },
};

export const protocol: Part<Electron.Protocol, 'registerSchemesAsPrivileged'> = {
  registerSchemesAsPrivileged: (schemes) => void recorded.schemes.push(...schemes),
};

/** Of a window on another machine: in memory, with cookies. */
export const partition = {
  cookies: [] as Electron.CookiesSetDetails[],
  request: null as ((url: string) => boolean) | null,
};

export const session = {
  fromPartition: (_name: string) => ({
    setPermissionRequestHandler: () => {},
    setPermissionCheckHandler: () => {},
    setDevicePermissionHandler: () => {},
    cookies: {
      set: ((details) => {
        partition.cookies.push(details);
        return Promise.resolve();
      }) satisfies Electron.Cookies['set'],
    },
    webRequest: {
      onBeforeRequest: (
        listener: (details: { url: string }, answer: (response: { cancel?: boolean }) => void) => void,
      ) => {
        partition.request = (url) => {
          let allowed = true;
          listener({ url }, ({ cancel }) => (allowed = cancel !== true));
          return allowed;
        };
      },
    },
  }),
  defaultSession: {
    setPermissionRequestHandler: ((handler) => {
      recorded.permission = (permission) => {
        let granted = true;
        handler?.({} as Electron.WebContents, permission as 'media', (answer) => (granted = answer), {} as never);
        return granted;
      };
    }) satisfies Electron.Session['setPermissionRequestHandler'],
    setPermissionCheckHandler: ((handler) => {
      recorded.check = (permission) => handler?.(null, permission as 'media', '', {} as never) ?? true;
    }) satisfies Electron.Session['setPermissionCheckHandler'],
    setDevicePermissionHandler: ((handler) => {
      recorded.device = () => handler?.({} as Electron.DevicePermissionHandlerHandlerDetails) ?? true;
    }) satisfies Electron.Session['setDevicePermissionHandler'],
    webRequest: {
      onBeforeRequest: (
        listener: (details: { url: string }, answer: (response: { cancel?: boolean }) => void) => void,
      ) => {
        recorded.request = (url) => {
          let allowed = true;
          listener({ url }, ({ cancel }) => (allowed = cancel !== true));
          return allowed;
        };
      },
    },
    protocol: {
      handle: ((scheme, handler) =>
        void recorded.protocols.set(scheme, handler as never)) satisfies Electron.Protocol['handle'],
    },
  },
};

export const shell: Part<Electron.Shell, 'openPath' | 'showItemInFolder'> = {
  openPath: (file) => {
    recorded.shown.push(file);
    return Promise.resolve('');
  },
  showItemInFolder: (file) => void recorded.shown.push(file),
};

const display = { id: 1, workArea: { x: 0, y: 0, width: 1920, height: 1080 } } as Electron.Display;
export const screen: Part<Electron.Screen, 'getAllDisplays' | 'getDisplayMatching'> = {
  getAllDisplays: () => [display],
  getDisplayMatching: () => display,
};

export const nativeImage = { createFromPath: (file: string) => ({ file, resize: () => ({ file }) }) };
export class Tray extends EventEmitter {
  constructor(image: { file: string }) {
    super();
    recorded.trays.push(image.file);
  }
  setToolTip(): void {}
  setContextMenu(): void {}
  destroy(): void {
    recorded.trays.pop();
  }
}

export class Notification extends EventEmitter {
  static isSupported = (): boolean => true;
  readonly #options: Electron.NotificationConstructorOptions;
  constructor(options: Electron.NotificationConstructorOptions) {
    super();
    this.#options = options;
  }
  show(): void {
    recorded.notifications.push(this.#options);
  }
}

export const powerSaveBlocker: Part<Electron.PowerSaveBlocker, 'start' | 'stop'> = {
  start: () => (recorded.sleepBlocked += 1),
  stop: () => {
    recorded.sleepBlocked -= 1;
    return true;
  },
};

export const clipboard = { writeText: (text: string) => Promise.resolve(void recorded.clipboard.push(text)) };

/** A utility process is a child of Node here: the trainer talks over whichever channel it finds. */
export const utilityProcess = {
  fork(modulePath: string, args: string[] = [], options: Electron.ForkOptions = {}) {
    recorded.utilities.push(options.serviceName ?? '');
    const child = fork(modulePath, args, {
      env: options.env as NodeJS.ProcessEnv,
      execArgv: [...(options.execArgv ?? []), '--disable-warning=ExperimentalWarning'],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      cwd: path.resolve(import.meta.dirname, '../..'),
    });
    return Object.assign(child, { postMessage: (message: unknown) => void child.send(message as object) });
  },
};
