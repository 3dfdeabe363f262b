import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { ensureBundle } from '../../build/setup/bundle.mjs';
import { rendererFolder } from '../../src-main/shells/renderer-folder.ts';
import { serveWeb } from '../../src-main/shells/web/server.ts';
import type { WebShell } from '../../src-main/shells/web/server.ts';
import { launchNodeTrainer } from '../../src-main/trainer/node-child.ts';
import { createWorkbench } from '../../src-main/workbench/create-workbench.ts';
import type { Workbench } from '../../src-main/workbench/workbench.ts';
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

/** A window of its own on the workbench, opened by the address with the token. */
export async function openApp(browser: Browser, address: string, options: BrowserContextOptions = {}): Promise<App> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    reducedMotion: 'reduce',
    ...options,
  });
  const page = await context.newPage();
  const app = new App(page);
  await page.goto(address);
  await app.ready();
  return app;
}
