import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { quietTask } from '../../src-main/workbench/supervision/task.ts';
import { compareTwoModels, twoModels } from './material.ts';
import type { App } from './pages.ts';
import { useBrowserWorkbench, whyNoBrowser } from './shell.ts';

const noBrowser = await whyNoBrowser();
const folder = mkdtempSync(path.join(tmpdir(), 'flipguard-reports-'));

/** Copies the address of the open sample and opens it in another tab. */
async function followsItsLink(app: App, sample: Locator): Promise<void> {
  const name = await sample.getByRole('heading', { level: 2 }).innerText();
  await sample.getByRole('button', { name: 'Copy the link to this sample' }).click();
  await app.page.getByText('Link copied').first().waitFor();
  const link = await app.page.evaluate(() => navigator.clipboard.readText());
  const tab = await app.page.context().newPage();
  await tab.goto(link);
  await tab.getByRole('region', { name: 'Sample' }).getByRole('heading', { level: 2, name, exact: true }).waitFor();
  await tab.close();
}

describe.skipIf(noBrowser !== null)('a report', () => {
  const material = twoModels();
  let comparisonId = '';
  const served = useBrowserWorkbench(async (workbench) => {
    comparisonId = await compareTwoModels(workbench, material);
  });

  it('is written with the sections chosen, remembers them, and opens again with its flips', async () => {
    const app = await served.open({ permissions: ['clipboard-read', 'clipboard-write'] });
    await app.goto(`/compare/${comparisonId}`);
    await app.flips.ready();
    await followsItsLink(app, app.flips.sample);
    await app.button('Write a report').click();
    const dialog = app.page.getByRole('dialog', { name: 'Write a report' });
    await dialog.getByRole('checkbox', { name: 'Provenance' }).uncheck();
    await dialog.getByRole('button', { name: 'Write', exact: true }).click();
    await app.button('Show reports').click();
    await app.button('Open').click();
    // It opens on what was found.
    await app.page.getByRole('heading', { name: 'What was found' }).waitFor();
    expect(await app.page.getByRole('radio', { name: /^Flips/ }).count()).toBe(1);
    const flips = app.page.getByRole('grid', { name: 'Flips' });
    await app.page.getByText(/^Flips \(/).click();
    await flips.waitFor();
    const sample = app.page.getByRole('region', { name: 'Sample' });
    const first = await sample.getByRole('heading', { level: 2 }).innerText();
    await flips.press('j');
    await flips.press('j');
    await sample.getByRole('heading', { level: 2 }).filter({ hasNotText: first }).waitFor();
    expect(await sample.locator('mark').count()).toBeGreaterThan(0);
    await followsItsLink(app, sample);
    await app.page.getByText('Findings', { exact: true }).click();
    expect(await app.page.getByLabel('Headline').innerText()).toContain(`${material.negative} of 1,319`);
    await app.page.getByText('Method and sources', { exact: true }).click();
    expect(await app.page.getByRole('heading', { name: 'Provenance' }).count()).toBe(0);

    await app.page.reload();
    await app.ready();
    // The address names the open sample.
    await flips.waitFor();
    await app.goto(`/compare/${comparisonId}`);
    await app.flips.ready();
    await app.button('Write a report').click();
    expect(await dialog.getByRole('checkbox', { name: 'Provenance' }).isChecked()).toBe(false);
    expect(app.complaints).toEqual([]);
    await app.close();
  });

  it('of a colleague is opened from its file, and another file is refused with a reason', async () => {
    const file = path.join(folder, 'theirs.json');
    const subject = { kind: 'comparison' as const, comparisonId };
    await served.workbench.reports.write({ subject, format: 'json', title: 'Theirs' }, file, quietTask());
    const foreign = path.join(folder, 'foreign.html');
    writeFileSync(foreign, '<script>globalThis.owned = 1</script>');
    const app = await served.open();
    await app.goto('/reports');
    for (const chosen of [file, foreign]) {
      await app.button('Open a report…').first().click();
      const [chooser] = await Promise.all([app.page.waitForEvent('filechooser'), app.button('Upload a file…').click()]);
      await chooser.setFiles(chosen);
      if (chosen === foreign) {
        await app.page.getByText('it carries no report data').waitFor();
        continue;
      }
      await app.heading('Theirs').waitFor();
      // The JSON has every row: samples that got better are there as well.
      const rows = material.negative + material.positive;
      await app.page.getByText(`Flips (${rows})`).waitFor();
      expect(readFileSync(file, 'utf8')).toContain('"rows":[');
      await app.goto('/reports');
    }
    expect(await app.page.evaluate('globalThis.owned')).toBeUndefined();
    expect(app.complaints).toEqual([]);
    await app.close();
  });
});
