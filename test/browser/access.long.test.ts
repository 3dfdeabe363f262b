import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { quietTask } from '../../src-main/workbench/supervision/task.ts';
import { axeFindings } from './axe.ts';
import { compareTwoModels } from './material.ts';
import type { App } from './pages.ts';
import { places } from './places.ts';
import { useBrowserWorkbench, whyNoBrowser } from './shell.ts';

const noBrowser = await whyNoBrowser();
const quickModel = path.join(import.meta.dirname, '..', '..', 'resources', 'quick-model');

/** Whether anything sticks out of the window sideways. */
const sticksOut = (app: App) => app.page.evaluate(() => document.documentElement.scrollWidth > innerWidth);

describe.skipIf(noBrowser !== null)('every place', () => {
  let comparisonId = '';
  let evaluationId = '';
  let reportId = '';
  const served = useBrowserWorkbench(async (workbench) => {
    comparisonId = await compareTwoModels(workbench);
    evaluationId = (await workbench.comparisons.get(comparisonId)).leftEvaluationId;
    const subject = { kind: 'comparison', comparisonId } as const;
    reportId = (await workbench.reports.add({ subject, format: 'html', title: 'Old against new' }, quietTask())).id;
  });
  const withFlips = () => [
    ...places,
    { path: `/evaluations/${evaluationId}`, name: 'evaluation', heading: 'old model' },
    { path: `/compare/${comparisonId}`, name: 'flips', heading: /old model/ },
    { path: `/reports/${reportId}`, name: 'report', heading: 'What was found' },
    { path: '/connect', name: 'connect', heading: 'Connect to host' },
    { path: '/no/such/place', name: 'not found', heading: 'Page not found' },
  ];

  it.each([
    ['light', 1440],
    ['dark', 1440],
    ['light', 1024],
  ] as const)('has nothing serious for axe to find, in %s and %i px wide', async (colorScheme, width) => {
    const app = await served.open({ colorScheme, viewport: { width, height: 800 } });
    const found: Record<string, string[]> = {};
    for (const { path: place, name, heading } of withFlips()) {
      await app.goto(place);
      await app.page.getByRole('heading', { name: heading }).first().waitFor();
      if (name === 'flips') await app.flips.ready();
      found[name] = await axeFindings(app);
      if (await sticksOut(app)) found[name].push('sticks out of the window');
    }
    expect(Object.fromEntries(Object.entries(found).filter(([, list]) => list.length > 0))).toEqual({});
    expect(app.complaints).toEqual([]);
    await app.close();
  });

  it('fits at 150 % without a list that scrolls sideways, and has all columns where there is room', async () => {
    const { models, things } = served.workbench;
    await models.add(quickModel, { name: 'a model with a name that is long enough to be cut' }, quietTask());
    await things.mark('evaluation', evaluationId, { tags: ['a tag', 'another one'] });
    const app = await served.open({ viewport: { width: 960, height: 600 }, deviceScaleFactor: 1.5 });
    const sideways = () =>
      app.page.evaluate(() =>
        [...document.querySelectorAll('[role=grid], main, html')]
          .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
          .map((one) => one.getAttribute('aria-label') ?? one.tagName),
      );
    const found: Record<string, string[]> = {};
    for (const { path: place, name, heading } of withFlips()) {
      await app.goto(place);
      await app.page.getByRole('heading', { name: heading }).first().waitFor();
      if (['models', 'evaluations'].includes(name))
        await app.page
          .getByRole('button', { name: /^More for/ })
          .first()
          .waitFor();
      found[name] = await sideways();
    }
    expect(Object.fromEntries(Object.entries(found).filter(([, list]) => list.length > 0))).toEqual({});
    await app.goto('/models');
    const heads = app.page.getByRole('grid', { name: 'Models' }).getByRole('columnheader');
    await heads.filter({ hasText: 'Name' }).waitFor();
    expect(await heads.filter({ hasText: 'Folder' }).count()).toBe(0);
    await app.page.setViewportSize({ width: 1440, height: 900 });
    await heads.filter({ hasText: 'Folder' }).waitFor();
    await app.close();
  });

  it('has no serious fault in its dialogs', async () => {
    const app = await served.open();
    await app.page.keyboard.press('?');
    await app.page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    expect(await axeFindings(app)).toEqual([]);
    await app.page.keyboard.press('Escape');
    await app.page.keyboard.press('Control+K');
    await app.page.getByRole('combobox', { name: 'Search or run a command' }).waitFor();
    expect(await axeFindings(app)).toEqual([]);
    await app.page.keyboard.press('Escape');
    await app.page.keyboard.press('i');
    await app.importDialog.root.waitFor();
    expect(await axeFindings(app)).toEqual([]);
    await app.close();
  });

  it('tells what a button does when somebody asks, and not when a dialog gives the focus back', async () => {
    const app = await served.open();
    const { page } = app;
    const { keyboard } = page;
    const tooltips = page.locator('.tooltip');
    const importing = page.getByRole('banner').getByRole('button', { name: 'Import' });
    const backAt = async (button: typeof importing) => {
      await button.and(page.locator(':focus')).waitFor();
      // Whatever the focus opens is there after two frames.
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      return tooltips.count();
    };
    await app.tabTo(importing);
    await tooltips.filter({ hasText: 'Import a file or folder' }).waitFor();
    await keyboard.press('Enter');
    await app.importDialog.root.waitFor();
    expect(await tooltips.count()).toBe(0);
    await keyboard.press('Escape');
    expect(await backAt(importing)).toBe(0);
    await keyboard.press('Control+K');
    await page.getByRole('combobox', { name: 'Search or run a command' }).waitFor();
    await keyboard.press('Escape');
    expect(await backAt(importing)).toBe(0);
    await importing.click();
    await app.importDialog.root.getByRole('button', { name: 'Close' }).click();
    expect(await backAt(importing)).toBe(0);

    // Keys take a tooltip away that the pointer had opened.
    const shortcuts = app.button('Keyboard shortcuts');
    await shortcuts.hover();
    await tooltips.filter({ hasText: 'Keyboard shortcuts' }).waitFor();
    await shortcuts.focus();
    await keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    expect(await tooltips.count()).toBe(0);
    await keyboard.press('Escape');
    expect(await backAt(shortcuts)).toBe(0);

    await app.goto(`/compare/${comparisonId}`);
    await app.flips.ready();
    const reporting = app.button('Write a report');
    await reporting.click();
    await page.getByRole('dialog', { name: 'Write a report' }).getByRole('button', { name: 'Close' }).click();
    expect(await backAt(reporting)).toBe(0);
    expect(app.complaints).toEqual([]);
    await app.close();
  });

  it('is reached and left by keys alone', async () => {
    const app = await served.open();
    const { keyboard } = app.page;
    await keyboard.press('g');
    await keyboard.press('e');
    await app.heading('Evaluations').waitFor();
    await keyboard.press('Control+F');
    await keyboard.type('new');
    await keyboard.press('Enter');
    await keyboard.press('j');
    await keyboard.press('Enter');
    await app.page.getByRole('heading', { level: 1, name: 'new model' }).waitFor();
    await keyboard.press('Control+K');
    await keyboard.type('old model → new model');
    await keyboard.press('Enter');
    await app.flips.ready();
    await app.pressByKeys(app.page.getByRole('link', { name: 'Skip to the list' }));
    await app.page.waitForFunction(() => document.activeElement?.getAttribute('role') === 'grid');
    const first = await app.flips.sampleId.innerText();
    await keyboard.press('j');
    await app.flips.sample.getByRole('heading', { level: 2 }).filter({ hasNotText: first }).waitFor();
    await keyboard.press('Control+F');
    await keyboard.type('how many');
    await app.button('Remove “how many”').waitFor();
    await keyboard.press('Enter');
    await app.page.waitForFunction(() => document.activeElement?.getAttribute('role') === 'grid');
    await keyboard.press('End');
    await keyboard.press('Enter');
    await app.page.waitForURL(/sample=\d+/);
    await app.page.goBack();
    await app.flips.count().getByText('how many').waitFor({ state: 'detached' });
    expect(app.complaints).toEqual([]);
    await app.close();
  });

  it('keeps the appearance that was chosen', async () => {
    const app = await served.open();
    await app.goto('/settings');
    await app.page.getByText('Dark', { exact: true }).click();
    await app.page.locator('html[data-theme=dark]').waitFor();
    await app.page.reload();
    await app.page.locator('html[data-theme=dark]').waitFor();
    const background = await app.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    expect(background).toBe('rgb(20, 21, 24)');
    await app.page.getByText('System', { exact: true }).click();
    await app.page.locator('html:not([data-theme])').waitFor();
    await app.close();
  });
});
