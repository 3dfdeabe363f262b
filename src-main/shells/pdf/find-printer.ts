import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { PdfPrinter } from '../../reports/pdf.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { makeTemporaryFolder } from '../../system/temporary-folder.ts';
import { startBrowser } from './browser-pipe.ts';
import type { BrowserPipe } from './browser-pipe.ts';

const names = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'chrome',
  'microsoft-edge',
  'msedge',
];
const macPlaces = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];
const printWithinMs = 120_000;

/** Prints with a Chromium that is installed, where there is one: the one in $FLIPGUARD_CHROMIUM, else one on the PATH. */
export function findPdfPrinter(env: NodeJS.ProcessEnv = process.env): PdfPrinter | undefined {
  const browser = findBrowser(env);
  return browser === undefined ? undefined : { print: (html) => printWith(browser, html) };
}

function findBrowser(env: NodeJS.ProcessEnv): string | undefined {
  if (env.FLIPGUARD_CHROMIUM) return env.FLIPGUARD_CHROMIUM;
  const ending = process.platform === 'win32' ? '.exe' : '';
  const folders = (env.PATH ?? '').split(path.delimiter).filter((folder) => folder !== '');
  const onPath = folders.flatMap((folder) => names.map((name) => path.join(folder, name + ending)));
  return [...onPath, ...(process.platform === 'darwin' ? macPlaces : [])].find((file) => existsSync(file));
}

async function printWith(executable: string, html: string): Promise<Uint8Array> {
  const profile = await makeTemporaryFolder('flipguard-pdf-');
  const browser = startBrowser(executable, [
    '--headless',
    '--disable-gpu',
    '--disable-background-networking',
    '--no-first-run',
    `--user-data-dir=${profile}`,
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  ]);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(tooLate(executable)), printWithinMs);
  });
  try {
    return await Promise.race([printPage(browser, html), late]);
  } finally {
    clearTimeout(timer);
    browser.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The report in a page without scripts and without network: it needs neither. */
async function printPage(browser: BrowserPipe, html: string): Promise<Uint8Array> {
  const { targetId } = await browser.send('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await browser.send('Target.attachToTarget', { targetId, flatten: true });
  const page = (method: string, params?: object) => browser.send(method, params, z.string().parse(sessionId));
  await page('Emulation.setScriptExecutionDisabled', { value: true });
  await page('Network.enable');
  await page('Network.setBlockedURLs', { urls: ['*'] });
  const { frameTree } = await page('Page.getFrameTree');
  const { frame } = z.object({ frame: z.object({ id: z.string() }) }).parse(frameTree);
  await page('Page.setDocumentContent', { frameId: frame.id, html });
  const { data } = await page('Page.printToPDF', { printBackground: true, preferCSSPageSize: true });
  return Buffer.from(z.string().parse(data), 'base64');
}

function tooLate(executable: string): WorkbenchError {
  return new WorkbenchError('unavailable', `${path.basename(executable)} did not print within two minutes.`, {
    remedy: 'Write HTML and print that from any browser.',
  });
}
