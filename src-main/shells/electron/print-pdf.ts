import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { BrowserWindow, session } from 'electron';
import type { PdfPrinter } from '../../reports/pdf.ts';

/** Prints a report in a window nobody sees: no scripts, no network, its own session. */
export const electronPdfPrinter: PdfPrinter = {
  async print(html) {
    const file = path.join(os.tmpdir(), `flipguard-${randomUUID()}.html`);
    const partition = session.fromPartition(`print-${randomUUID()}`);
    partition.webRequest.onBeforeRequest((request, answer) => answer({ cancel: !request.url.startsWith('file:') }));
    const window = new BrowserWindow({
      show: false,
      webPreferences: {
        session: partition,
        javascript: false,
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
      },
    });
    try {
      await writeFile(file, html, { mode: 0o600 });
      await window.loadFile(file);
      return await window.webContents.printToPDF({ printBackground: true, preferCSSPageSize: true });
    } finally {
      window.destroy();
      await rm(file, { force: true });
    }
  },
};
