import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type * as Electron from 'electron';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { makePackagedBinding } from '../../build/package/binding.mjs';
import { ensureBundle } from '../../build/setup/bundle.mjs';
import { readMarker } from '../../build/setup/ensure-native.mjs';
import type { Job, SetUpState } from '../../src-main/shared/contract/views.ts';
import { ipcNames } from '../../src-main/shared/contract/ipc-names.ts';
import type { Result } from '../../src-main/shared/domain/errors.ts';
import { parseStart } from '../../src-main/shells/electron/start-request.ts';
import { registerAppScheme, startElectron } from '../../src-main/shells/electron/start.ts';
import { whyNoBrowser } from '../browser/shell.ts';
import { launchChromium } from '../helpers/chromium.ts';
import { patienceMs } from '../helpers/patience.ts';
import { openWindow } from './bridge.ts';
import { StandInWindow, answers, recorded, reset, userData } from './stand-in.ts';
import { openMirror, packagedSetUp } from './tensorflow-mirror.ts';
import type { Mirror } from './tensorflow-mirror.ts';

const place = vi.hoisted(() => ({ script: '' }));
vi.mock('electron', () => import('./stand-in.ts'));
vi.mock('../../src-main/entries.ts', async (original) => ({
  ...(await original<object>()),
  setUpScript: () => place.script,
}));

const native = readMarker();
const missing =
  process.platform !== 'linux' || process.arch !== 'x64'
    ? 'the archive it stands for is of Linux on x64'
    : native === undefined || !existsSync(path.join(native.libDir, 'libtensorflow_cc.so.2'))
      ? 'no TensorFlow library is here'
      : await whyNoBrowser();

describe.skipIf(missing !== null)(`TensorFlow set up in the window${missing ? ` (skipped: ${missing})` : ''}`, () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'flipguard-set-up-'));
  const application = path.join(folder, 'application');
  const cache = path.join(folder, 'cache');
  let mirror: Mirror;
  let browser: Browser;

  beforeAll(async () => {
    const bundle = await ensureBundle('all');
    if (!bundle.ok) throw new Error(bundle.reason);
    mirror = await openMirror(folder, native?.libDir ?? '');
    place.script = packagedSetUp(application, mirror);
    expect(await makePackagedBinding(path.join(application, 'build', 'binding', 'tfjs_binding.node'))).toBeNull();
    for (const [name, value] of Object.entries({
      FLIPGUARD_CACHE: cache,
      FLIPGUARD_BINDING_DIR: path.join(cache, 'application', 'binding'),
      FLIPGUARD_MODULES_DIR: path.resolve('node_modules'),
      FLIPGUARD_SYSTEM_TENSORFLOW: 'off',
      FLIPGUARD_PYTHON: path.join(folder, 'no-such-python'),
      FLIPGUARD_LIBTENSORFLOW_DIR: '',
      FLIPGUARD_TENSORFLOW_HOST: 'http://127.0.0.1:9',
      FLIPGUARD_GPU: 'off',
      FLIPGUARD_SETUP: 'on',
    }))
      vi.stubEnv(name, value);
    reset();
    userData.path = path.join(folder, 'user');
    mkdirSync(userData.path);
    registerAppScheme();
    await startElectron(parseStart([`--workspace=${path.join(folder, 'workspace')}`], folder));
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser.close();
    StandInWindow.getAllWindows()[0]?.close();
    await vi.waitFor(() => expect(recorded.exits).toHaveLength(1), { timeout: patienceMs });
    await mirror.close();
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  async function ask<T>(channel: string, input: unknown): Promise<T> {
    const contents = StandInWindow.getAllWindows()[0]?.webContents as unknown as Electron.WebContents;
    const event = { sender: contents, senderFrame: contents.mainFrame } as Electron.IpcMainInvokeEvent;
    const result = (await recorded.handlers.get(ipcNames.invoke)?.(event, channel, input)) as Result<T>;
    if (!result.ok) throw new Error(result.error.message);
    return result.value;
  }
  const look = () => ask<SetUpState>('setup.look', { mirror: mirror.address });
  async function setUp(choice: object): Promise<Job> {
    const { jobId } = await ask<{ jobId: string }>('setup.start', choice);
    return vi.waitFor(
      async () => {
        const job = (await ask<Job[]>('jobs.list', {})).find(({ id }) => id === jobId);
        if (job === undefined || job.state === 'running') throw new Error('it is still at work');
        return job;
      },
      { timeout: patienceMs, interval: 50 },
    );
  }
  const download = () => setUp({ source: 'official', flavour: 'cpu', mirror: mirror.address });

  test('says what it would cost before anything is downloaded, and why other ways are none', async () => {
    expect(await ask<SetUpState>('setup.look', {})).toMatchObject({
      ready: null,
      offers: [],
      missed: [expect.stringMatching(/ECONNREFUSED|refused/), 'Python wheel: no python3 with pip here'],
    });
    expect(await look()).toEqual({
      ready: null,
      offers: [
        {
          source: 'official',
          flavour: 'cpu',
          label: 'TensorFlow 2.18.0 (cpu)',
          from: mirror.address.slice('http://'.length),
          bytes: mirror.bytes,
          hereBytes: 0,
          exact: true,
        },
      ],
      missed: ['Python wheel: no python3 with pip here'],
      jobId: null,
      folder: true,
    });
    expect(mirror.asked).toEqual([]);
    await expect(ask('setup.look', { mirror: 'file:///etc' })).rejects.toThrow(/mirror/i);
  });

  test('keeps what came when a download breaks off, and continues after it; keeps nothing of another file', async () => {
    mirror.manner = 'breaks off';
    expect(await download()).toMatchObject({
      state: 'failed',
      error: { code: 'unavailable', message: expect.stringMatching(/^TensorFlow could not be set up: .*\.$/) },
    });
    const here = (await look()).offers[0]?.hereBytes ?? 0;
    expect(here).toBeGreaterThan(0);
    mirror.manner = 'another file';
    expect((await download()).error?.message).toContain('sent another file than the one that was published');
    expect([(await look()).offers[0]?.hereBytes, mirror.asked]).toEqual([0, [0, here]]);
  });

  test('takes a folder that a dialog of the system named, and no other', async () => {
    answers.folder = '';
    expect(await ask('setup.start', { source: 'folder' })).toEqual({ jobId: null });
    answers.folder = path.join(folder, 'user');
    expect((await setUp({ source: 'folder' })).error?.message).toContain(`no TensorFlow library in ${answers.folder}`);
    await expect(ask('setup.start', { source: 'folder', folder: '/tmp' })).rejects.toThrow();
  });

  test('is offered at the first start, can be cancelled and gone on with, and trains from then on', async () => {
    const { page, shown } = await openWindow(browser);
    const notice = page.getByRole('region', { name: 'Set-up' });
    await notice.getByText('TensorFlow is not set up.').waitFor();
    await notice.getByRole('button', { name: 'Set up TensorFlow…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Set up TensorFlow' });
    await dialog.getByText('No download is within reach').waitFor();
    await dialog.getByLabel(/^Mirror/).fill(mirror.address);
    await dialog.getByRole('button', { name: 'Look there' }).click();

    mirror.manner = 'never ends';
    await dialog.getByRole('button', { name: 'Download 3.0 MB' }).click();
    await dialog.getByText(/TensorFlow 2\.18\.0 \(cpu\): .* of 3\.0 MB/).waitFor();
    await dialog.getByRole('button', { name: 'Close' }).last().click();
    // What needs no training continues meanwhile.
    await shown.goto('#/evaluations');
    await page.getByRole('heading', { name: 'Evaluations' }).waitFor();
    await page.getByRole('button', { name: 'Cancel Set up TensorFlow' }).click();
    await notice.getByText('already here').waitFor();

    mirror.manner = 'whole';
    await notice.getByRole('button', { name: 'Set up TensorFlow…' }).click();
    await dialog.getByRole('button', { name: /^Download the remaining \d/ }).click();
    await dialog.getByText(/TensorFlow 2\.\d+\.\d+ is ready/).waitFor();
    expect(mirror.asked.at(-1)).toBeGreaterThan(0);
    await dialog.getByRole('button', { name: 'Close' }).last().click();
    await notice.waitFor({ state: 'detached' });
    await page.getByRole('contentinfo', { name: 'Status' }).getByText('tensorflow-cpu').waitFor();
    expect(shown.complaints).toEqual([]);
  });

  test('leaves the application’s own folder as it was, and finds the library at the next start', async () => {
    expect(readdirSync(path.join(application, 'build')).sort()).toEqual(['binding', 'setup']);
    expect(readFileSync(path.join(cache, 'application', 'binding', 'flipguard.json'), 'utf8')).not.toContain(
      application,
    );
    expect(statSync(path.join(cache, 'application', 'binding', 'libtensorflow.so.2')).size).toBeGreaterThan(1e8);
    expect(await look()).toMatchObject({ ready: { gpu: false, origin: 'official download 2.18.0' }, offers: [] });
    expect(readMarker()).toEqual(native);
  });
});
