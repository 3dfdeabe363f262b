import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { PdfPrinter } from '../reports/pdf.ts';
import { WorkbenchError } from '../shared/domain/errors.ts';

const names = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'chrome',
  'microsoft-edge',
  'msedge',
];
const timeoutMs = 120_000;

/** Prints with a Chromium that is installed, where there is one: the one in $FLIPGUARD_CHROMIUM, else one on the PATH. */
export function findPdfPrinter(env: NodeJS.ProcessEnv = process.env): PdfPrinter | undefined {
  const browser = findBrowser(env);
  return browser === undefined ? undefined : { print: (html) => printWith(browser, html) };
}

function findBrowser(env: NodeJS.ProcessEnv): string | undefined {
  if (env.FLIPGUARD_CHROMIUM) return env.FLIPGUARD_CHROMIUM;
  const folders = (env.PATH ?? '').split(path.delimiter);
  const onPath = folders.flatMap((folder) =>
    names.map((name) => path.join(folder, process.platform === 'win32' ? `${name}.exe` : name)),
  );
  const usual = [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
  ];
  return [...onPath, ...(process.platform === 'darwin' ? usual : [])].find((file) => existsSync(file));
}

async function printWith(browser: string, html: string): Promise<Uint8Array> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'flipguard-pdf-'));
  try {
    const page = path.join(folder, 'report.html');
    const pdf = path.join(folder, 'report.pdf');
    await writeFile(page, html);
    await run(browser, [
      '--headless',
      '--disable-gpu',
      '--disable-background-networking',
      '--no-first-run',
      // A report needs nothing from anywhere.
      '--proxy-server=127.0.0.1:9',
      `--user-data-dir=${path.join(folder, 'profile')}`,
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--no-pdf-header-footer',
      `--print-to-pdf=${pdf}`,
      pathToFileURL(page).href,
    ]);
    return await readFile(pdf);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function run(browser: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(browser, args, { timeout: timeoutMs }, (error, _stdout, stderr) => {
      if (error === null) return resolve();
      const reason = stderr.trim().split('\n').at(-1) ?? error.message;
      reject(
        new WorkbenchError('unavailable', `${path.basename(browser)} could not print the PDF: ${reason}`, {
          remedy: 'Write --format html and print it.',
        }),
      );
    });
  });
}
