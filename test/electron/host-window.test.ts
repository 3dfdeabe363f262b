import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { appPage } from '../../src-main/shells/electron/app-address.ts';
import { HostWindows } from '../../src-main/shells/electron/host-window.ts';
import { pinContents } from '../../src-main/shells/electron/security.ts';
import { findServed } from '../../src-main/shells/serve/served.ts';
import { quietTask } from '../../src-main/workbench/supervision/task.ts';
import { cliEntry, installedCommand } from '../helpers/installed-command.ts';
import { startSshd, whyNoSshd } from '../helpers/sshd.ts';
import type { TestHost } from '../helpers/sshd.ts';
import { StandInWindow, partition, reset } from './stand-in.ts';

vi.mock('electron', () => import('./stand-in.ts'));

const why = whyNoSshd();

describe.skipIf(why !== null)(`a window on another machine${why === null ? '' : ` (skipped: ${why})`}`, () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'flipguard-host-'));
  const workspace = path.join(folder, 'there');
  const before = process.env.FLIPGUARD_SSH_COMMAND;
  let host: TestHost;
  beforeAll(async () => {
    host = await startSshd(path.join(folder, 'sshd'));
    process.env.FLIPGUARD_SSH_COMMAND = host.command;
    reset();
    pinContents();
  });
  afterAll(async () => {
    const words = ['--disable-warning=ExperimentalWarning', cliEntry, '--workspace', workspace, 'serve', '--stop'];
    await once(spawn(process.execPath, words, { stdio: 'ignore' }), 'close');
    if (before === undefined) delete process.env.FLIPGUARD_SSH_COMMAND;
    else process.env.FLIPGUARD_SSH_COMMAND = before;
    await host.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  test('takes the place of this machine’s window, reaches that machine alone, and gives the place back', async () => {
    const here = new StandInWindow();
    await here.loadURL(appPage);
    here.show();
    const hosts = new HostWindows();
    const request = { host: host.name, program: installedCommand(folder), workspace };
    const given = new AbortController();
    const cancelled = hosts.open(request, quietTask(given.signal));
    given.abort();
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
    expect(StandInWindow.getAllWindows()).toEqual([here]);
    await hosts.open(request, quietTask());
    const there = StandInWindow.getAllWindows().find((one) => one !== here);
    if (there === undefined) throw new Error('no second window was opened');
    const url = new URL(there.webContents.getURL());
    expect([here.shown, there.shown, url.pathname, url.search]).toEqual([false, true, '/', '']);
    expect(there.options.webPreferences?.preload).toBeUndefined();
    expect(there.options.webPreferences).toMatchObject({ contextIsolation: true, sandbox: true, webviewTag: false });
    // The session that was exchanged for the token is one that the server there takes.
    const [cookie] = partition.cookies;
    expect(cookie).toMatchObject({ url: url.origin, httpOnly: true, sameSite: 'strict' });
    const page = await fetch(url, { headers: { cookie: `${cookie?.name}=${cookie?.value}` } });
    expect([401, 403]).not.toContain(page.status);
    const reached = [
      `${url.origin}/x`,
      url.origin.replace('http', 'ws'),
      'http://127.0.0.1:9/',
      'https://example.invalid/',
    ];
    expect(reached.map((one) => partition.request?.(one))).toEqual([true, true, false, false]);
    const stopped = (to: string) => {
      const preventDefault = vi.fn();
      there.webContents.emit('will-navigate', { url: to, preventDefault });
      return preventDefault.mock.calls.length;
    };
    expect([
      stopped(`${url.origin}/#/runs`),
      stopped('https://example.invalid/'),
      stopped('file:///etc/passwd'),
    ]).toEqual([0, 1, 1]);
    await expect(hosts.open(request, quietTask())).rejects.toThrow(/already/);
    there.destroy();
    expect(here.shown).toBe(true);
    await hosts.close();
    expect(await findServed(workspace)).toMatchObject({ port: expect.any(Number) as number });
  });
});
