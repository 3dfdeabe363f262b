import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { _electron } from 'playwright-core';
import type { ElectronApplication, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '..', '..');

/** Electron's executable, or why these tests cannot run. */
function findElectron(): { file: string } | { reason: string } {
  const name =
    { darwin: 'Electron.app/Contents/MacOS/Electron', win32: 'electron.exe' }[process.platform as string] ?? 'electron';
  const folder = process.env.ELECTRON_OVERRIDE_DIST_PATH ?? path.join(root, 'node_modules', 'electron', 'dist');
  const file = path.join(folder, name);
  if (!existsSync(file)) return { reason: 'Electron’s binary is not on this machine' };
  if (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY)
    return { reason: 'there is no display' };
  if (!existsSync(path.join(root, 'out', 'main', 'index.js')))
    return { reason: 'out/main has not been built (npx electron-vite build)' };
  return { file };
}
const electron = findElectron();
const why = 'reason' in electron ? ` (skipped: ${electron.reason})` : '';

describe.skipIf('reason' in electron)(`the application in Electron${why}`, () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'flipguard-electron-'));
  let application: ElectronApplication;
  let page: Page;

  beforeAll(async () => {
    application = await _electron.launch({
      executablePath: 'file' in electron ? electron.file : '',
      args: [root, `--workspace=${path.join(folder, 'workspace')}`, `--user-data-dir=${path.join(folder, 'user')}`],
      cwd: root,
    });
    page = await application.firstWindow();
    await page.waitForLoadState('domcontentloaded');
  });
  afterAll(async () => {
    await application.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  test('shows its page from its own origin', async () => {
    expect(page.url()).toMatch(/^app:\/\/workbench\/index\.html/);
    expect(await page.title()).toBe('FlipGuard Workbench');
  });

  test('gives the page two functions and a word, and nothing of Node or Electron', async () => {
    const reachable = await page.evaluate(() => ({
      bridge: Object.keys((window as unknown as { flipguard: object }).flipguard).sort(),
      globals: ['require', 'process', 'module', 'Buffer', 'electron', 'ipcRenderer'].filter((name) => name in window),
    }));
    expect(reachable).toEqual({ bridge: ['invoke', 'shell', 'subscribe'], globals: [] });
  });

  test('isolates and sandboxes the page', async () => {
    const preferences = await application.evaluate(({ BrowserWindow }) => {
      const contents = BrowserWindow.getAllWindows()[0]?.webContents as unknown as {
        getLastWebPreferences(): Record<string, unknown>;
      };
      const { contextIsolation, sandbox, nodeIntegration, webSecurity, webviewTag } = contents.getLastWebPreferences();
      return { contextIsolation, sandbox, nodeIntegration, webSecurity, webviewTag };
    });
    expect(preferences).toEqual({
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webSecurity: true,
      webviewTag: false,
    });
  });

  test('serves the contract’s channels and no others', async () => {
    const ask = (channel: string) =>
      page.evaluate(
        (name) =>
          (window as unknown as { flipguard: { invoke(c: string, i: unknown): Promise<unknown> } }).flipguard.invoke(
            name,
            {},
          ),
        channel,
      );
    expect(await ask('workspace.summary')).toMatchObject({ ok: true, value: { shell: 'electron' } });
    expect(await ask('files.readAnything')).toMatchObject({ ok: false, error: { code: 'bad-input' } });
  });

  test('goes nowhere, opens nothing, and reaches no network', async () => {
    const outcome = await page.evaluate(async () => {
      const opened = window.open('https://example.invalid/') === null;
      const fetched = await fetch('https://example.invalid/').then(
        () => 'answered',
        () => 'refused',
      );
      location.href = 'https://example.invalid/';
      return { opened, fetched };
    });
    expect(outcome).toEqual({ opened: true, fetched: 'refused' });
    expect(page.url()).toMatch(/^app:\/\/workbench\//);
    expect(application.windows()).toHaveLength(1);
  });

  test('denies every permission', async () => {
    const denied = await page.evaluate(() => Notification.requestPermission());
    expect(denied).toBe('denied');
  });

  test('has a menu with what only the shell can do', async () => {
    const labels = await application.evaluate(({ Menu }) =>
      Menu.getApplicationMenu()?.items.flatMap((item) => item.submenu?.items.map(({ label }) => label) ?? []),
    );
    expect(labels).toEqual(expect.arrayContaining(['Open Workspace…', 'Show Workspace Folder']));
  });

  test('picks files by the system’s dialog, and tells the page a handle and a name', async () => {
    const chosen = path.join(folder, 'chosen.jsonl');
    await application.evaluate(({ dialog }, file) => {
      dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: [file] });
    }, chosen);
    const picked = await page.evaluate(() =>
      (
        window as unknown as {
          flipguard: { invoke(c: string, i: unknown): Promise<{ value: { name: string; handle: string } }> };
        }
      ).flipguard.invoke('files.pick', { purpose: 'file' }),
    );
    expect(picked.value.name).toBe('chosen.jsonl');
    expect(picked.value.handle).not.toContain(path.sep);
  });
});

test('playwright can be asked for Electron', () => {
  expect(typeof _electron.launch).toBe('function');
  expect(createRequire(import.meta.url).resolve('electron')).toContain('electron');
});
