import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, onTestFailed } from 'vitest';
import { ensureBundle } from '../../build/setup/bundle.mjs';
import { rendererFolder } from '../../src-main/shells/renderer-folder.ts';
import { serveWeb } from '../../src-main/shells/web/server.ts';
import type { WebShell } from '../../src-main/shells/web/server.ts';
import { launchNodeTrainer } from '../../src-main/trainer/node-child.ts';
import { createWorkbench } from '../../src-main/workbench/create-workbench.ts';
import type { Workbench } from '../../src-main/workbench/workbench.ts';
import { launchChromium } from '../helpers/chromium.ts';
import { App } from './pages.ts';

/** A workbench on a folder of its own, behind the real web shell, with the built interface. */
export interface ServedWorkbench {
  workbench: Workbench;
  shell: WebShell;
  close(): Promise<void>;
}

export async function serveWorkbench(folder?: string): Promise<ServedWorkbench> {
  const bundle = await ensureBundle('renderer');
  if (!bundle.ok) throw new Error(`the interface could not be built: ${bundle.reason}`);
  const own = folder ?? mkdtempSync(path.join(tmpdir(), 'flipguard-browser-'));
  const workbench = await createWorkbench({ folder: own, shell: 'web', launchTrainer: launchNodeTrainer });
  const shell = await serveWeb(workbench, { rendererFolder: rendererFolder() });
  return {
    workbench,
    shell,
    async close() {
      await shell.close();
      await workbench.close();
      if (folder === undefined) rmSync(own, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Why no browser test can run here, or null. Asked once a file; the answer is printed, so that a skip is seen. */
export async function whyNoBrowser(): Promise<string | null> {
  if (process.platform !== 'linux' && process.env['FLIPGUARD_CHROMIUM'] === undefined) {
    return skipped('the Chromium out of npm is for Linux; name another one in FLIPGUARD_CHROMIUM');
  }
  try {
    await (await launchChromium()).close();
    return null;
  } catch (error) {
    return skipped(error instanceof Error ? error.message : String(error));
  }
}

function skipped(reason: string): string {
  console.warn(`skipped: ${reason}`);
  return reason;
}

export interface BrowserWorkbench {
  readonly workbench: Workbench;
  readonly shell: WebShell;
  readonly browser: Browser;
  /** A window of its own on the workbench, opened by the address with the token. What goes wrong in it is kept. */
  open(options?: BrowserContextOptions & { address?: string }): Promise<App>;
}

/** Serves a workbench and starts a browser for the tests of one file; both end with it. */
export function useBrowserWorkbench(
  prepare: (workbench: Workbench) => Promise<void> = () => Promise.resolve(),
): BrowserWorkbench {
  let served: ServedWorkbench;
  let browser: Browser;
  beforeAll(async () => {
    [served, browser] = await Promise.all([serveWorkbench(), launchChromium()]);
    await prepare(served.workbench);
  });
  afterAll(async () => {
    await browser.close();
    await served.close();
  });
  return {
    get workbench() {
      return served.workbench;
    },
    get shell() {
      return served.shell;
    },
    get browser() {
      return browser;
    },
    async open({ address, ...options } = {}) {
      const app = await openApp(browser, address ?? served.shell.address, options);
      onTestFailed(({ task }) => keepPicture(app, task.name));
      return app;
    },
  };
}

/** What a failed test looked at, for whoever reads its output. */
async function keepPicture(app: App, name: string): Promise<void> {
  const file = path.join('test-results', `${name.replace(/[^\w-]+/g, '-')}.png`);
  await app.page.screenshot({ path: file }).catch(() => undefined);
  console.error(`${file}: ${app.complaints.join('\n')}`);
}

export async function openApp(browser: Browser, address: string, options: BrowserContextOptions = {}): Promise<App> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    reducedMotion: 'reduce',
    ...options,
  });
  const page: Page = await context.newPage();
  const app = new App(page);
  await page.goto(address);
  await app.ready();
  return app;
}
