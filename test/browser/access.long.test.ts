import { describe, expect, it } from 'vitest';
import { quietTask } from '../../src-main/workbench/supervision/task.ts';
import { axeFindings } from './axe.ts';
import { compareTwoModels } from './material.ts';
import type { App } from './pages.ts';
import { places } from './places.ts';
import { useBrowserWorkbench, whyNoBrowser } from './shell.ts';

const noBrowser = await whyNoBrowser();

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
    for (const { path, name, heading } of withFlips()) {
      await app.goto(path);
      await app.page.getByRole('heading', { name: heading }).first().waitFor();
      if (name === 'flips') await app.flips.ready();
      found[name] = await axeFindings(app);
      if (await sticksOut(app)) found[name].push('sticks out of the window');
    }
    expect(Object.fromEntries(Object.entries(found).filter(([, list]) => list.length > 0))).toEqual({});
    expect(app.complaints).toEqual([]);
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
