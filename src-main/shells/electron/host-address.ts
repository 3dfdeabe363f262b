import type { BrowserWindow, WebContents } from 'electron';

/** Pages of another machine's workbench and the one origin that each may be at. They have no preload and reach nothing here. */
const origins = new WeakMap<WebContents, string>();

export function allowHostAddress(contents: WebContents, origin: string): void {
  origins.set(contents, origin);
}

export function isHostAddress(contents: WebContents, url: string): boolean {
  const origin = origins.get(contents);
  return origin !== undefined && URL.canParse(url) && new URL(url).origin === origin;
}

export function isHostWindow({ webContents }: BrowserWindow): boolean {
  return origins.has(webContents);
}
