import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type * as Electron from 'electron';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ensureBundle } from '../../build/setup/bundle.mjs';
import { backendNames } from '../../src-main/backends/types.ts';
import { appPage } from '../../src-main/shells/electron/app-address.ts';
import { placeOfLink } from '../../src-main/shells/electron/links.ts';
import { argumentsWith } from '../../src-main/shells/electron/opening.ts';
import { parseStart } from '../../src-main/shells/electron/start-request.ts';
import { registerAppScheme, startElectron } from '../../src-main/shells/electron/start.ts';
import type { Desktop } from '../../src-main/shells/electron/start.ts';
import { ipcNames } from '../../src-main/shared/contract/ipc-names.ts';
import { patienceMs } from '../helpers/patience.ts';
import { StandInWindow, answers, app, recorded, reset, userData } from './stand-in.ts';

vi.mock('electron', () => import('./stand-in.ts'));

const folder = mkdtempSync(path.join(os.tmpdir(), 'flipguard-desktop-'));
let desktop: Desktop | null;
const until = (holds: () => void) => vi.waitFor(holds, { timeout: patienceMs, interval: 20 });
const window = (): StandInWindow => {
  const [only] = StandInWindow.getAllWindows();
  if (only === undefined) throw new Error('no window is open');
  return only;
};
const invoke = (channel: unknown, input: unknown, sender: Partial<Electron.IpcMainInvokeEvent> = {}) => {
  const contents = window().webContents as unknown as Electron.WebContents;
  const event = { sender: contents, senderFrame: contents.mainFrame, ...sender } as Electron.IpcMainInvokeEvent;
  return recorded.handlers.get(ipcNames.invoke)?.(event, channel, input);
};

describe('the main process, with a stand-in for Electron', () => {
  beforeAll(async () => {
    const bundle = await ensureBundle('renderer');
    if (!bundle.ok) throw new Error(bundle.reason);
    reset();
    userData.path = path.join(folder, 'user');
    mkdirSync(userData.path);
    registerAppScheme();
    desktop = await startElectron(parseStart([`--workspace=${path.join(folder, 'workspace')}`], folder));
  });
  afterAll(async () => {
    window().close();
    await until(() => expect(recorded.exits).toHaveLength(1));
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  test('opens one window on its own origin, and shows it when it has something to show', () => {
    expect(recorded.errors).toEqual([]);
    expect(
      recorded.schemes.map(({ scheme, privileges }) => [scheme, privileges?.secure, privileges?.bypassCSP]),
    ).toEqual([['app', true, undefined]]);
    expect([recorded.windows.length, window().webContents.getURL(), window().shown]).toEqual([1, appPage, true]);
  });

  test('isolates and sandboxes the page', () => {
    expect(window().options.webPreferences).toMatchObject({
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      webviewTag: false,
      navigateOnDragDrop: false,
      spellcheck: false,
    });
    const switches = Object.keys(window().options.webPreferences ?? {});
    expect(switches.filter((name) => /experimental|blink/i.test(name))).toEqual([]);
    expect(window().options.webPreferences?.preload).toMatch(/preload[\\/]index\.cjs$/);
  });

  test('serves the contract’s channels and no others, and checks what they are given', async () => {
    expect(await invoke('workspace.summary', {})).toMatchObject({ ok: true, value: { shell: 'electron' } });
    expect(await invoke('files.readAnything', {})).toMatchObject({ ok: false, error: { code: 'bad-input' } });
    expect(await invoke({ toString: () => 'runs.list' }, null)).toMatchObject({ ok: false });
    expect(await invoke('runs.get', { runId: 7 })).toMatchObject({ ok: false, error: { code: 'bad-input' } });
  });

  test('reads sources and tries backends in utility processes: packaged, it cannot be started as a Node', async () => {
    const source = path.join(folder, 'answers.jsonl');
    writeFileSync(source, '{"id": "a", "prompt": "1 + 1", "output": "2", "correct": true}\n');
    const { value: file } = (await invoke('files.find', { path: source })) as { value: { handle: string } };
    expect(await invoke('imports.recognise', { handles: [file.handle] })).toMatchObject({
      ok: true,
      value: [{ label: 'answers.jsonl' }],
    });
    const examined = (await invoke('workspace.doctor', null)) as { value: { backend: { backends: object[] } } };
    expect(examined.value.backend.backends).toContainEqual(expect.objectContaining({ name: 'cpu', available: true }));
    const probes = backendNames.map((name) => `FlipGuard backend probe ${name}`);
    expect([...new Set(recorded.utilities)].sort()).toEqual([...probes, 'FlipGuard import reader'].sort());
  });

  test('hears its own page alone: not a frame in it, not another page', async () => {
    const refused = { ok: false, error: { code: 'bad-input', message: 'This page may not ask.' } };
    expect(await invoke('workspace.summary', {}, { senderFrame: null })).toEqual(refused);
    const frame = { url: appPage } as Electron.WebFrameMain;
    expect(await invoke('workspace.summary', {}, { senderFrame: frame })).toEqual(refused);
    const contents = window().webContents;
    contents.goTo('https://example.invalid/');
    expect(await invoke('workspace.summary', {})).toEqual(refused);
    contents.goTo(appPage);
  });

  test('goes nowhere, opens nothing, embeds nothing, and reaches no network', () => {
    const contents = window().webContents;
    expect(contents.openHandler?.({ url: 'https://example.invalid/' } as never)).toEqual({ action: 'deny' });
    const stopped = (event: string, url: string) => {
      const preventDefault = vi.fn();
      contents.emit(event, { url, preventDefault });
      return preventDefault.mock.calls.length;
    };
    expect(stopped('will-navigate', 'https://example.invalid/')).toBe(1);
    expect(stopped('will-navigate', `${appPage}#/runs`)).toBe(0);
    expect(stopped('will-frame-navigate', 'file:///etc/passwd')).toBe(1);
    expect(stopped('will-redirect', appPage)).toBe(1);
    expect(stopped('will-attach-webview', appPage)).toBe(1);
    const allowed = ['https://example.invalid/', 'http://127.0.0.1:9/', 'file:///etc/passwd', `${appPage}?x`, 'blob:x'];
    expect(allowed.map((url) => recorded.request?.(url))).toEqual([false, false, false, true, true]);
  });

  test('denies every permission but the copying of text', () => {
    const wishes = ['media', 'geolocation', 'notifications', 'openExternal', 'fileSystem', 'clipboard-read'];
    expect(wishes.map((wish) => recorded.permission?.(wish))).toEqual(wishes.map(() => false));
    expect(wishes.map((wish) => recorded.check?.(wish))).toEqual(wishes.map(() => false));
    expect([recorded.check?.('clipboard-sanitized-write'), recorded.device?.()]).toEqual([true, false]);
  });

  test('serves the page from the built interface, and no file outside it', async () => {
    const serve = recorded.protocols.get('app');
    const page = await serve?.(new Request(appPage));
    expect([page?.status, page?.headers.get('Content-Security-Policy')]).toEqual([
      200,
      expect.stringMatching(/^default-src 'none'/),
    ]);
    for (const way of ['/../package.json', '/%2e%2e/main/index.js', '/..%2fpackage.json', '/%2fetc/passwd'])
      expect((await serve?.(new Request(`app://workbench${way}`)))?.status, way).toBe(404);
  });

  test('has a menu with what only the shell can do, and the platform’s roles for the rest', () => {
    const menu = recorded.menus.find((template) => template.some(({ label }) => label === '&File'));
    const entries = (menu ?? []).flatMap(({ role, submenu }) => [
      role,
      ...((submenu as Electron.MenuItemConstructorOptions[] | undefined) ?? []).map(
        ({ label, role: own }) => label ?? own,
      ),
    ]);
    for (const entry of [
      'Open Workspace…',
      'Connect to Host…',
      'Open Recent',
      'Show Workspace Folder',
      'Show Logs',
      'editMenu',
      'windowMenu',
      'Copy Diagnostics',
    ])
      expect(entries).toContain(entry);
  });

  test('picks files by the system’s dialog, and tells the page a handle and a name', async () => {
    answers.path = path.join(folder, 'chosen.jsonl');
    const picked = (await invoke('files.pick', { purpose: 'file' })) as { value: { name: string; handle: string } };
    expect(picked.value.name).toBe('chosen.jsonl');
    expect(picked.value.handle).not.toContain(path.sep);
  });

  test('goes to the run or the sample that a link names, in the window that is there', async () => {
    desktop?.open({ file: null, place: placeOfLink('flipguard://run/run-abc') });
    await until(() => expect(window().webContents.scripts).toEqual(['location.hash = "#/runs/run-abc"; null']));
    expect(recorded.windows).toHaveLength(1);
  });

  test('opens a report as a page, and asks for a folder before it unpacks a workspace', async () => {
    const scripts = window().webContents.scripts;
    scripts.length = 0;
    desktop?.open({ file: path.join(folder, 'flips.html'), place: null });
    await until(() => expect(scripts[0]).toMatch(/"#\/reports\/file\/[\w-]+"/));
    answers.folder = '';
    desktop?.open({ file: path.join(folder, 'old.flipguard'), place: null });
    await until(() => expect(scripts).toHaveLength(1));
    answers.folder = path.join(folder, 'restored');
    desktop?.open({ file: path.join(folder, 'missing.flipguard'), place: null });
    await until(() => expect(recorded.errors).toHaveLength(1));
    expect([recorded.errors.splice(0)[0], recorded.relaunches]).toEqual([
      expect.stringContaining('missing.flipguard'),
      [],
    ]);
  });

  test('opens the workspace of a second start by starting again, unless it is this one', async () => {
    desktop?.open({ file: null, place: null, workspace: path.join(folder, 'workspace') });
    await until(() => expect(window().shown).toBe(true));
    expect(recorded.relaunches).toEqual([]);
    expect(argumentsWith('/w/b', ['/opt/app', '--no-sandbox', '--workspace=/w/a', '/w/old.flipguard'], true)).toEqual([
      '--no-sandbox',
      '--workspace=/w/b',
    ]);
    expect(argumentsWith('/w/b', ['electron', '/src', '--workspace', '/w/a', 'flipguard://run/x'], false)).toEqual([
      '/src',
      '--workspace=/w/b',
    ]);
  });

  test('has the menu of the right button in fields and on selected text, and none elsewhere', () => {
    const menusOf = (params: object) => {
      const before = recorded.menus.length;
      const editFlags = {
        canUndo: true,
        canRedo: false,
        canCut: true,
        canCopy: true,
        canPaste: true,
        canSelectAll: true,
      };
      window().webContents.emit('context-menu', {}, { isEditable: false, selectionText: '', editFlags, ...params });
      return recorded.menus.slice(before).map((menu) => menu.map(({ role, enabled }) => [role, enabled]));
    };
    expect(menusOf({ isEditable: true })[0]).toEqual(
      expect.arrayContaining([
        ['undo', true],
        ['redo', false],
        ['paste', true],
        ['selectAll', true],
      ]),
    );
    expect(menusOf({ selectionText: 'a word' })).toEqual([[['copy', undefined]]]);
    expect(menusOf({ selectionText: ' ' })).toEqual([]);
  });

  test('offers to reload a page that crashed, and keeps running', async () => {
    answers.button = 0;
    app.emit('render-process-gone', {}, window().webContents, { reason: 'oom' });
    await until(() => expect(window().webContents.reloads).toBe(1));
    expect(recorded.asked.at(-1)?.detail).toContain('oom');
    expect(recorded.exits).toEqual([]);
  });

  test('copies diagnostics that name no person and no path', async () => {
    const help = recorded.menus.flat().find(({ role }) => role === 'help');
    const entry = (help?.submenu as Electron.MenuItemConstructorOptions[]).find(
      ({ label }) => label === 'Copy Diagnostics',
    );
    (entry?.click as () => void)();
    await until(() => expect(recorded.clipboard).toHaveLength(1));
    expect(recorded.clipboard[0]).toMatch(/^FlipGuard Workbench \d/);
    for (const word of [os.homedir(), folder, os.hostname()]) expect(recorded.clipboard[0]).not.toContain(word);
  });
});
