import { readFileSync } from 'node:fs';
import path from 'node:path';
import type * as Electron from 'electron';
import type { Browser, Page } from 'playwright-core';
import { App } from '../browser/pages.ts';
import { StandInWindow, recorded } from './stand-in.ts';

const origin = 'http://workbench.invalid';

/**
 * Opens the real interface in a browser's page against the main process that runs under the stand-in: the page's requests go to the
 * handler of app://, the built preload script runs before the page and asks over the recorded handlers, and what the main process sends
 * to its window arrives.
 */
async function openThroughBridge(page: Page, window: StandInWindow): Promise<void> {
  await page.route('**/*', async (route) => {
    const request = route.request();
    const body = request.postDataBuffer();
    const answer = await recorded.protocols.get('app')?.(
      new Request(request.url().replace(origin, 'app://workbench'), {
        method: request.method(),
        ...(body === null ? {} : { body: new Uint8Array(body) }),
      }),
    );
    if (answer === undefined) return route.abort();
    await route.fulfill({
      status: answer.status,
      headers: Object.fromEntries(answer.headers),
      body: Buffer.from(await answer.arrayBuffer()),
    });
  });
  const contents = window.webContents as unknown as Electron.WebContents;
  await page.exposeFunction('standInInvoke', (channel: string, args: unknown[]) => {
    const event = { sender: contents, senderFrame: contents.mainFrame } as Electron.IpcMainInvokeEvent;
    return recorded.handlers.get(channel)?.(event, ...args);
  });
  const preload = readFileSync(path.resolve(import.meta.dirname, '../../out/preload/index.cjs'), 'utf8');
  await page.addInitScript({
    content: `
      const listeners = new Map();
      window.standInHear = (channel, args) => listeners.get(channel)?.forEach((listener) => listener({}, ...args));
      const electron = {
        contextBridge: { exposeInMainWorld: (name, api) => Object.defineProperty(window, name, { value: api }) },
        ipcRenderer: {
          invoke: (channel, ...args) => window.standInInvoke(channel, args),
          on: (channel, listener) => listeners.set(channel, [...(listeners.get(channel) ?? []), listener]),
          off: (channel, listener) => listeners.set(channel, (listeners.get(channel) ?? []).filter((one) => one !== listener)),
        },
      };
      (function (require, module, exports) {${preload}\n})(() => electron, { exports: {} }, {});`,
  });
  const forward = (channel: string, ...args: unknown[]): void => {
    page
      .evaluate(
        ([to, sent]) => (globalThis as unknown as { standInHear(c: unknown, a: unknown): void }).standInHear(to, sent),
        [channel, args] as const,
      )
      // A page that is closing hears nothing any more.
      .catch(() => undefined);
  };
  window.webContents.on('stand-in-sent', forward);
  page.once('close', () => window.webContents.off('stand-in-sent', forward));
  await page.goto(`${origin}/index.html`);
}

/** The interface of the one window there is, ready in a page of its own. */
export async function openWindow(browser: Browser): Promise<{ window: StandInWindow; page: Page; shown: App }> {
  const [window] = StandInWindow.getAllWindows();
  if (window === undefined) throw new Error('no window');
  const page = await browser.newPage();
  const shown = new App(page);
  await openThroughBridge(page, window);
  await shown.ready();
  return { window, page, shown };
}
