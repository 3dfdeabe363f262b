import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ensureBundle } from '../../build/setup/bundle.mjs';
import { parseStart } from '../../src-main/shells/electron/start-request.ts';
import { registerAppScheme, startElectron } from '../../src-main/shells/electron/start.ts';
import { whyNoBrowser } from '../browser/shell.ts';
import { launchChromium } from '../helpers/chromium.ts';
import { patienceMs } from '../helpers/patience.ts';
import { addTrainingMaterial, smallModel, tinySpec } from '../helpers/workbench.ts';
import { launchNodeTrainer } from '../../src-main/trainer/node-child.ts';
import { createWorkbench } from '../../src-main/workbench/create-workbench.ts';
import { openWindow } from './bridge.ts';
import { StandInWindow, answers, app, recorded, reset, userData } from './stand-in.ts';

vi.mock('electron', () => import('./stand-in.ts'));
const missing = (await whyNoBrowser()) ?? (smallModel === null ? 'no small model is here' : null);

describe.skipIf(missing !== null)(`the window on its main process${missing ? ` (skipped: ${missing})` : ''}`, () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'flipguard-journey-'));
  let browser: Browser;
  beforeAll(async () => {
    const bundle = await ensureBundle('all');
    if (!bundle.ok) throw new Error(bundle.reason);
    reset();
    userData.path = path.join(folder, 'user');
    mkdirSync(userData.path);
    const workspace = path.join(folder, 'workspace');
    const before = await createWorkbench({ folder: workspace, shell: 'web', launchTrainer: launchNodeTrainer });
    await addTrainingMaterial(before, smallModel ?? '');
    await before.close();
    registerAppScheme();
    await startElectron(parseStart([`--workspace=${workspace}`], folder));
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  test('connects to a host from a form: Enter starts it, Cancel ends it, and a failure says what to do', async () => {
    const { window, page, shown } = await openWindow(browser);
    const before = process.env.FLIPGUARD_SSH_COMMAND;
    const silent = path.join(folder, 'silent-ssh');
    writeFileSync(silent, '#!/bin/sh\nexec sleep 600\n', { mode: 0o700 });
    process.env.FLIPGUARD_SSH_COMMAND = silent;
    try {
      await shown.goto('#/connect');
      const form = page.getByRole('form', { name: 'Host' });
      expect(await form.getByRole('button', { name: 'Connect' }).isDisabled()).toBe(true);
      await form.getByLabel('Host', { exact: true }).fill('gpu-box');
      await page.keyboard.press('Enter');
      await form.getByText('finding or starting the workbench there').waitFor();
      await form.getByRole('button', { name: 'Cancel' }).click();
      await form.getByText('Connecting to gpu-box: cancelled.').waitFor();

      process.env.FLIPGUARD_SSH_COMMAND = path.join(folder, 'no-ssh');
      await form.getByRole('button', { name: 'Connect' }).click();
      await form.getByRole('alert').waitFor();
      expect(StandInWindow.getAllWindows()).toEqual([window]);
    } finally {
      if (before === undefined) delete process.env.FLIPGUARD_SSH_COMMAND;
      else process.env.FLIPGUARD_SSH_COMMAND = before;
    }
    expect(shown.complaints).toEqual([]);
    await page.close();
  });

  test('opens a workspace, follows a run that trains, shows it on the task bar, and closes after the question', async () => {
    const { window, page, shown } = await openWindow(browser);
    expect(
      await page.evaluate(() => Object.keys((globalThis as unknown as { flipguard: object }).flipguard).sort()),
    ).toEqual(['invoke', 'shell', 'subscribe']);

    const ask = (channel: string, input: unknown) =>
      page.evaluate(
        ([name, value]) =>
          (
            globalThis as unknown as {
              flipguard: { invoke(c: unknown, i: unknown): Promise<{ ok: boolean; value: { id: string } }> };
            }
          ).flipguard.invoke(name, value),
        [channel, input] as const,
      );
    const launched = await ask('runs.launch', { input: { spec: tinySpec({ steps: 1000 }) } });
    expect(launched, JSON.stringify(launched)).toMatchObject({ ok: true });
    await shown.goto(`#/runs/${launched.value.id}`);
    await page.locator('.head').getByText('running', { exact: true }).waitFor();
    await page.getByRole('figure', { name: 'Loss' }).locator('canvas').waitFor();
    await vi.waitFor(() => expect(window.progress).toBeGreaterThan(0), { timeout: patienceMs });
    expect([recorded.sleepBlocked, recorded.badge]).toEqual([1, 1]);

    answers.button = 2;
    window.close();
    await vi.waitFor(() => expect(recorded.asked).toHaveLength(1), { timeout: patienceMs });
    expect(recorded.asked[0]?.buttons).toEqual(['Keep running in the tray', 'Stop and quit', 'Cancel']);
    expect([window.destroyed, recorded.exits]).toEqual([false, []]);

    answers.button = 0;
    await vi.waitFor(
      () => {
        window.close();
        expect(window.destroyed).toBe(true);
      },
      { timeout: patienceMs, interval: 100 },
    );
    expect(recorded.trays).toHaveLength(1);
    expect(recorded.exits).toEqual([]);

    answers.button = 0;
    app.quit();
    await vi.waitFor(() => expect(recorded.exits).toEqual([0]), { timeout: patienceMs });
    expect(recorded.sleepBlocked).toBe(0);
    expect(shown.complaints).toEqual([]);
  });
});
