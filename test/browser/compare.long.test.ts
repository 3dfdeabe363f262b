import { describe, expect, it } from 'vitest';
import { compareTwoModels, twoModels } from './material.ts';
import type { App } from './pages.ts';
import { useBrowserWorkbench, whyNoBrowser } from './shell.ts';

const noBrowser = await whyNoBrowser();

describe.skipIf(noBrowser !== null)('from two files to the first regressed example', () => {
  const served = useBrowserWorkbench();
  const material = twoModels();

  it('takes at most five clicks', async () => {
    const app = await served.open();
    const dialog = app.importDialog;
    const began = performance.now();
    await dialog.drop({ name: material.name, text: material.text });
    await dialog.field('Name').waitFor();
    await dialog.map('output', material.old.output);
    await dialog.map('correct', material.old.correct);
    await dialog.accept('old model');
    await dialog.drop({ name: material.name, text: material.text });
    await dialog.field('Name').waitFor();
    await dialog.map('output', material.now.output);
    await dialog.map('correct', material.now.correct);
    await dialog.accept('new model');
    await app.click(dialog.root.getByRole('button', { name: 'Compare' }));
    await app.flips.ready();
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    console.info(`first regressed example of ${material.rows} after ${app.clicks} clicks and ${seconds} s`);
    expect(app.clicks).toBeLessThanOrEqual(5);

    await app.flips.count().getByText(`${material.negative} samples`).waitFor();
    expect(await app.page.getByLabel('Headline').innerText()).toContain(`${material.negative} of 1,319`);
    expect(await app.flips.output('Old').innerText()).toContain('right');
    expect(await app.flips.output('New').innerText()).toContain('wrong');
    expect(await app.flips.output('New').locator('mark').count()).toBeGreaterThan(0);
    expect(app.complaints).toEqual([]);
    await app.close();
  });
});

describe.skipIf(noBrowser !== null)('the flip browser', () => {
  const material = twoModels();
  let comparisonId = '';
  const served = useBrowserWorkbench(async (workbench) => {
    comparisonId = await compareTwoModels(workbench, material);
  });
  async function openFlips(): Promise<App> {
    const app = await served.open();
    await app.goto(`/compare/${comparisonId}`);
    await app.flips.ready();
    return app;
  }

  it('calls nobody back who left before its first sample was there', async () => {
    const app = await served.open();
    // The code of the next place comes after the list of this one.
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    await app.page.route(/ModelsView-.*\.js/, async (held) => {
      await released;
      await held.continue();
    });
    await app.goto(`/compare/${comparisonId}`);
    await app.flips.table.waitFor();
    await app.goto('/models');
    await app.flips.count().getByText(`${material.negative} samples`).waitFor();
    await app.page.waitForTimeout(300);
    release();
    await app.heading('Models').waitFor();
    expect(app.complaints).toEqual([]);
    await app.close();
  });

  it('filters, keeps the selection, and goes back', async () => {
    const app = await openFlips();
    const { flips } = app;
    const open = await flips.sampleId.innerText();
    await flips.facet('positive').check();
    await flips
      .count()
      .getByText(`${material.negative + material.positive} samples`)
      .waitFor();
    expect(await flips.sampleId.innerText()).toBe(open);
    await flips.facet('negative').uncheck();
    await flips.count().getByText(`${material.positive} samples`).waitFor();
    await flips.sample.getByText('not in the current list').waitFor();
    expect(await flips.sampleId.innerText()).toBe(open);
    await app.page.goBack();
    await flips
      .count()
      .getByText(`${material.negative + material.positive} samples`)
      .waitFor();
    await app.page.reload();
    await flips.ready();
    await flips
      .count()
      .getByText(`${material.negative + material.positive} samples`)
      .waitFor();
    expect(await flips.sampleId.innerText()).toBe(open);
    expect(app.complaints).toEqual([]);
    await app.close();
  });

  it('searches, sorts, and shows the rule next to the figures', async () => {
    const app = await openFlips();
    const { flips } = app;
    const prompt = await flips.sample.getByRole('region', { name: 'Prompt' }).locator('p').innerText();
    const words = prompt.slice(0, 40);
    await flips.search().fill(words);
    await flips.count().getByText('1 sample', { exact: true }).waitFor();
    await app.button(`Remove “${words.trim()}”`).click();
    await flips.count().getByText(`${material.negative} samples`).waitFor();
    await flips.table.getByRole('columnheader', { name: 'Length' }).getByRole('button').click();
    await flips.table
      .getByRole('columnheader', { name: 'Length' })
      .and(app.page.locator('[aria-sort=ascending]'))
      .waitFor();
    await app.button('verdict, ties excluded').waitFor();
    await app.close();
  });

  it('judges by keys, and takes it back', async () => {
    const app = await openFlips();
    const { flips } = app;
    const first = await flips.sampleId.innerText();
    await app.page.keyboard.press('2');
    await flips.sample.getByRole('button', { name: /reasoning broke/, pressed: true }).waitFor();
    await app.page.keyboard.press('n');
    await flips.sample.getByRole('heading', { level: 2 }).filter({ hasNotText: first }).waitFor();
    await app.page.keyboard.press('k');
    await flips.sample.getByRole('heading', { level: 2, name: first }).waitFor();
    await app.page.keyboard.press('u');
    await flips.sample.getByRole('button', { name: /reasoning broke/, pressed: false }).waitFor();
    await app.page.keyboard.press('b');
    await flips.output('A').waitFor();
    expect(await flips.table.getByRole('columnheader', { name: 'New' }).count()).toBe(0);
    expect(await flips.sample.innerText()).not.toContain('new model');
    expect(await flips.sample.getByText('Token ledger').count()).toBe(0);
    // Nothing tells: no verdict at the answers, no outcome to filter by, no rate over the list.
    const verdicts = flips.sample.getByRole('region', { name: /^[AB]$/ }).getByText(/^(right|wrong|tie)$/);
    expect(await verdicts.count()).toBe(0);
    expect(await flips.facet('negative').count()).toBe(0);
    expect(await app.page.getByText('NFR').count()).toBe(0);
    await flips.count().getByText('1,319 samples').waitFor();
    await app.page.keyboard.press('1');
    await flips.output('Old').waitFor();
    await app.page.getByText('1 sample judged').waitFor();
    expect(app.complaints).toEqual([]);
    await app.close();
  });

  it('counts what a correction leaves, in the list as in the facet, and keeps its row until the list is updated', async () => {
    const app = await openFlips();
    const { flips } = app;
    const open = await flips.sampleId.innerText();
    const listed = async () => Number(await flips.table.getAttribute('aria-rowcount')) - 1;
    const counted = async () => ({
      facet: await app.page.locator('label', { has: flips.facet('negative') }).innerText(),
      list: await flips.count().innerText(),
      listed: await listed(),
    });
    await app.page.keyboard.press('m');
    await app.page.getByLabel('verdict new').selectOption('right');
    await app.button('Update list').waitFor();
    const { negative } = material;
    expect(await counted()).toEqual({
      facet: expect.stringMatching(new RegExp(`\\b${negative - 1}$`)) as string,
      list: `${negative - 1} samples`,
      listed: negative,
    });
    await app.button('Update list').click();
    await flips.sample.getByText('not in the current list').waitFor();
    expect([await listed(), await flips.sampleId.innerText()]).toEqual([negative - 1, open]);
    await app.button('Undo last label').click();
    await app.button('Update list').click();
    await expect.poll(listed).toBe(negative);
    expect(await app.button('Update list').count()).toBe(0);
    expect(app.complaints).toEqual([]);
    await app.close();
  });
});
