import path from 'node:path';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { afterAll, beforeAll, onTestFailed } from 'vitest';
import type { WebShell } from '../../src-main/shells/web/server.ts';
import type { Workbench } from '../../src-main/workbench/workbench.ts';
import { launchChromium } from '../helpers/chromium.ts';
import type { App } from './pages.ts';
import { openApp, serveWorkbench } from './serve.ts';
import type { ServedWorkbench } from './serve.ts';

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
