import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import chromiumPackage from '@sparticuz/chromium';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderHtml } from '../../src-main/reports/html/page.ts';
import { reportModel } from '../../src-main/shared/domain/reports/report-model.ts';
import { studyAnswer } from '../../src-main/shared/presentation/study-answer.ts';
import { overSeeds, study } from '../helpers/study-tables.ts';
import { fixtureReport } from './fixture.ts';

let browser: Browser;
let folder: string;
let address: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'flipguard-report-'));
  const file = path.join(folder, 'report.html');
  await writeFile(file, renderHtml(fixtureReport()));
  address = pathToFileURL(file).href;
  browser = await chromium.launch({
    executablePath: await chromiumPackage.executablePath(),
    // The package's own arguments put everything into one process, which ends with its first closed page.
    args: ['--no-sandbox', '--disable-background-networking'],
  });
});
afterAll(async () => {
  await browser.close();
  await rm(folder, { recursive: true });
});

/** The report opened, with everything it complained about or asked for. */
async function open(options: Parameters<Browser['newPage']>[0] = {}): Promise<{ page: Page; complaints: string[] }> {
  const page = await browser.newPage(options);
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    if (request.url() !== address) complaints.push(request.url());
  });
  await page.goto(address);
  return { page, complaints };
}

describe('a report in Chromium', () => {
  it('keeps to its own policy and asks for nothing', async () => {
    const { page, complaints } = await open();
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('sorts tables and filters samples', async () => {
    const { page } = await open();
    const slices = page.locator('#slices table').first();
    const firstSlice = slices.locator('tbody th').first();
    expect(await firstSlice.textContent()).toBe('negative words');
    await slices.getByRole('button', { name: 'n', exact: true }).click();
    expect(await firstSlice.textContent()).toBe('other words');
    expect(await slices.locator('th[aria-sort="descending"]').textContent()).toBe('n');

    const shown = page.locator('.case:visible');
    const all = await shown.count();
    await page.getByLabel('Find').fill('look again');
    expect(await shown.count()).toBeLessThan(all);
    expect(await page.locator('.filter output').textContent()).toBe(`${await shown.count()} of ${all} shown`);
    await page.close();
  });

  it('has the first table of a study of eleven methods, whole, on the first screen', async () => {
    const methods = ['DPO', ...Array.from({ length: 10 }, (_, i) => `Method ${i} + a guard of some kind`), 'DPO, slow'];
    const curves = methods.flatMap((method, i) => overSeeds(method, 20 + 5 * i));
    const studies = [study({ words: curves, 'greedy: reward fell': curves })];
    const subject = { kind: 'study' as const, ids: ['study-1'] };
    const question =
      'Which method flips less than another that has moved as far, each with its own path from the old weights?';
    const model = reportModel({ createdAt: '2026-01-01', title: 'Study: tiny', question, subject, studies });
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.setContent(renderHtml({ ...model, answer: studyAnswer(studies) }));
    const table = await page.locator('table').first().boundingBox();
    expect(await page.locator('table').first().getByRole('row').count()).toBe(12);
    expect((table?.y ?? 0) + (table?.height ?? Infinity)).toBeLessThanOrEqual(900);
    await page.close();
  });

  it('can be read without scripts, and offers no control that would not work', async () => {
    const { page } = await open({ javaScriptEnabled: false });
    expect(await page.locator('.case').count()).toBe(8);
    expect(await page.locator('button, input, select').count()).toBe(0);
    await page.close();
  });

  it('fits a narrow window', async () => {
    const { page } = await open({ viewport: { width: 380, height: 800 } });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(380);
    await page.close();
  });

  it('prints its folded parts too', async () => {
    const { page } = await open();
    const token = page.locator('.ledger .token').first();
    expect(await token.isVisible()).toBe(false);
    await page.emulateMedia({ media: 'print' });
    expect(await token.isVisible()).toBe(true);
    expect(await page.locator('nav').isVisible()).toBe(false);
    await page.close();
  });

  it.each(['light', 'dark'] as const)('passes axe in %s', async (colorScheme) => {
    const { page } = await open({ colorScheme, bypassCSP: true });
    await page.addScriptTag({ path: createRequire(import.meta.url).resolve('axe-core') });
    const violations = await page.evaluate(async () => {
      const { axe } = globalThis as unknown as {
        axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
      };
      return (await axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''}`);
    });
    expect(violations).toEqual([]);
    await page.close();
  });
});
