import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import chromium from '@sparticuz/chromium';
import { expect, test } from 'vitest';
import { findPdfPrinter } from '../../src-main/shells/pdf/find-printer.ts';
import { startBrowser } from '../../src-main/shells/pdf/browser-pipe.ts';
import { temporaryFolder } from '../helpers/workbench.ts';

/** A Chromium that starts on this machine, or null. */
async function workingBrowser(): Promise<string | null> {
  const executable = process.env.FLIPGUARD_CHROMIUM ?? (await chromium.executablePath());
  const browser = startBrowser(executable, ['--headless', '--no-sandbox', '--disable-gpu']);
  try {
    await browser.send('Browser.getVersion');
    return executable;
  } catch {
    return null;
  } finally {
    browser.close();
  }
}

test('a report is printed without scripts', async (context) => {
  const executable = await workingBrowser();
  if (executable === null) return context.skip('no Chromium starts on this machine');
  const printer = findPdfPrinter({ FLIPGUARD_CHROMIUM: executable });
  const blank = await printer?.print('<p>one page</p>');
  expect(
    Buffer.from(blank ?? [])
      .subarray(0, 5)
      .toString(),
  ).toBe('%PDF-');
  // With scripts on, a hundred pages would be printed.
  const hostile =
    '<p>one page</p><script>document.body.innerHTML = "<p style=\'break-after: page\'>x</p>".repeat(100)</script>';
  const printed = await printer?.print(hostile);
  expect(printed?.length).toBeLessThan((blank?.length ?? 0) * 2);
});

test('a browser that is none is said to be', async () => {
  const folder = temporaryFolder();
  const fake = path.join(folder, 'chromium');
  writeFileSync(fake, '#!/bin/sh\nexit 1\n');
  chmodSync(fake, 0o755);
  for (const file of [fake, path.join(folder, 'nowhere')]) {
    const printer = findPdfPrinter({ FLIPGUARD_CHROMIUM: file });
    await expect(printer?.print('<p>x</p>')).rejects.toMatchObject({
      code: 'unavailable',
      remedy: expect.stringContaining('$FLIPGUARD_CHROMIUM') as string,
    });
  }
  expect(findPdfPrinter({ PATH: folder.replace('flipguard', 'nowhere') })).toBeUndefined();
});
