import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { quietTask } from '../../src-main/workbench/supervision/task.ts';
import { addTrainingMaterial, evaluationMap, smallModel, tinySpec, writeEvaluation } from '../helpers/workbench.ts';
import type { App } from './pages.ts';
import { useBrowserWorkbench, whyNoBrowser } from './shell.ts';

const missing = await whyNoBrowser();

const heads = async (app: App, name: string) =>
  (await app.page.getByRole('grid', { name }).getByRole('columnheader').allInnerTexts()).map((text) => text.trim());

/** Longer than what a list has of it. */
const promptOf = (i: number) => `Question ${i}?\n${'A remark with "quotes" and 日本語. '.repeat(20)}The end ${i}.`;

describe.skipIf(missing !== null)('lists', () => {
  const served = useBrowserWorkbench(async (workbench) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'flipguard-lists-'));
    for (const name of ['samples-of-a-long-name-1', 'samples-of-a-long-name-2', 'other']) {
      const source = writeEvaluation(path.join(folder, `${name}.jsonl`), '110', (i) => ({ prompt: promptOf(i) }));
      await workbench.imports.evaluation({ source, name, map: evaluationMap }, quietTask());
    }
  });

  it('have columns that are moved, hidden and sized by keys and by the pointer, and stay so', async () => {
    const app = await served.open();
    const { page } = app;
    await app.goto('/evaluations');
    const grid = page.getByRole('grid', { name: 'Evaluations' });
    await grid.getByText('other').waitFor();
    const before = await heads(app, 'Evaluations');
    expect(before).toEqual([
      'Mark',
      'Name',
      'Suite',
      'Run',
      'Step',
      'Samples',
      'Accuracy',
      'Mean score',
      'Added',
      'More',
    ]);

    await app.button('Columns').press('Enter');
    const menu = page.getByRole('dialog', { name: 'Columns', exact: true });
    await menu.getByRole('checkbox', { name: 'Step' }).press('Space');
    await menu.getByRole('button', { name: 'Accuracy earlier' }).press('Enter');
    await page.keyboard.press('Enter');
    await menu.getByRole('button', { name: 'Suite wider' }).press('Enter');
    await page.keyboard.press('Escape');
    const arranged = ['Mark', 'Name', 'Suite', 'Run', 'Accuracy', 'Samples', 'Mean score', 'Added', 'More'];
    expect(await heads(app, 'Evaluations')).toEqual(arranged);

    const suite = grid.getByRole('columnheader', { name: 'Suite' });
    const [box, edge] = [await suite.boundingBox(), await suite.locator('.edge').boundingBox()];
    if (box === null || edge === null) throw new Error('the heading is on screen');
    await page.mouse.move(edge.x + 3, edge.y + 8);
    await page.mouse.down();
    await page.mouse.move(edge.x + 63, edge.y + 8, { steps: 4 });
    await page.mouse.up();
    expect(Math.round((await suite.boundingBox())?.width ?? 0)).toBe(Math.round(box.width) + 60);
    await grid.getByRole('columnheader', { name: 'Added' }).dragTo(suite, { targetPosition: { x: 8, y: 8 } });
    const dragged = ['Mark', 'Name', 'Added', 'Suite', 'Run', 'Accuracy', 'Samples', 'Mean score', 'More'];
    expect(await heads(app, 'Evaluations')).toEqual(dragged);

    await page.reload();
    await grid.getByText('other').waitFor();
    expect(await heads(app, 'Evaluations')).toEqual(dragged);
    await page.screenshot({ path: 'test-results/lists-columns.png' });
    await app.button('Columns').click();
    await menu.getByRole('button', { name: 'Reset columns' }).click();
    expect(await heads(app, 'Evaluations')).toEqual(before);
    expect(app.complaints).toEqual([]);
    await app.close();
  });

  it('are as they were left when one comes back, and group by tag', async () => {
    const { store } = served.workbench.core;
    const [first] = await store.listEvaluations({});
    await served.workbench.things.mark('evaluation', first?.id ?? '', { tags: ['paper'] });
    const app = await served.open();
    const { page } = app;
    await app.goto('/evaluations');
    const grid = page.getByRole('grid', { name: 'Evaluations' });
    const names = () => grid.locator('[role=row]:not(.head) .cut').allTextContents();
    await grid.getByText('other').waitFor();
    await grid.getByRole('button', { name: 'Name', exact: true }).click();
    await grid.getByRole('button', { name: 'Name', exact: true }).click();
    await page.getByRole('searchbox', { name: 'Find in evaluations' }).fill('long-name');
    await grid.getByText('other').waitFor({ state: 'detached' });
    expect(await names()).toEqual(['samples-of-a-long-name-2', 'samples-of-a-long-name-1']);
    await grid.locator('.cut').first().click();
    await page.getByRole('heading', { level: 1, name: 'samples-of-a-long-name-2' }).waitFor();
    await page.goBack();
    await grid.getByText('2', { exact: false }).first().waitFor();
    expect(await names()).toEqual(['samples-of-a-long-name-2', 'samples-of-a-long-name-1']);
    expect(await page.getByRole('searchbox', { name: 'Find in evaluations' }).inputValue()).toBe('long-name');

    await page.getByRole('searchbox', { name: 'Find in evaluations' }).fill('');
    await page.getByRole('combobox', { name: 'Group by' }).selectOption('tag');
    await grid.getByText('paper', { exact: true }).waitFor();
    const folded = grid.getByRole('row', { name: /No tag/ });
    await folded.click();
    expect(await names()).toHaveLength(1);
    await page.screenshot({ path: 'test-results/lists-groups.png' });
    await page.getByRole('combobox', { name: 'Group by' }).selectOption('');

    const menu = page.getByRole('button', { name: 'More for other' });
    await menu.click();
    await page.getByRole('menuitem', { name: 'Delete…' }).click();
    await page.getByRole('dialog', { name: 'Delete “other”?' }).getByRole('button', { name: 'Delete' }).click();
    await menu.waitFor({ state: 'detached' });
    await app.button('Undo').click();
    await menu.waitFor();
    expect((await store.listEvaluations({})).map(({ name }) => name)).toContain('other');
    expect(app.complaints).toEqual([]);
    await app.close();
  });

  it('are copied by cell and by row, whole where the list has a beginning', async () => {
    const { comparisons, core } = served.workbench;
    const [now, old] = await core.store.listEvaluations({});
    const comparison = await comparisons.ready(old?.id ?? '', now?.id ?? '', undefined, quietTask());
    const app = await served.open({ permissions: ['clipboard-read', 'clipboard-write'] });
    const { page } = app;
    const copied = async (said: string) => {
      const held = () => page.evaluate(() => navigator.clipboard.readText());
      await page.evaluate(() => navigator.clipboard.writeText('nothing yet'));
      const notice = page.getByRole('log', { name: 'Notices' }).getByText(said, { exact: true });
      await Promise.all([notice.waitFor(), page.keyboard.press('ControlOrMeta+c')]);
      await expect.poll(held).not.toBe('nothing yet');
      return held();
    };
    await app.goto('/evaluations');
    const grid = page.getByRole('grid', { name: 'Evaluations' });
    await grid.getByText('other').waitFor();
    await page.getByRole('searchbox', { name: 'Find in evaluations' }).fill('other');
    await grid.focus();
    await page.keyboard.press('j');
    const row = (await copied('Row copied')).split('\t');
    expect(row.slice(0, 2)).toEqual(['other', 'imported samples']);
    expect(row).toHaveLength(8);
    expect(row).toContain('66.7 %');
    await page.keyboard.press('ArrowRight');
    expect(await copied('Name copied')).toBe('other');
    await page.keyboard.press('ArrowLeft');
    expect(await copied('Row copied')).toBe(row.join('\t'));

    await app.goto(`/compare/${comparison.id}?kind=all`);
    await app.flips.ready();
    await app.flips.table.getByRole('gridcell').filter({ hasText: 'Question 1' }).click();
    expect(await copied('Prompt copied')).toBe(promptOf(1));
    await page.keyboard.press('k');
    expect(await copied('Prompt copied')).toBe(promptOf(0));
    await app.goto(`/evaluations/${now?.id ?? ''}`);
    const samples = page.getByRole('grid', { name: 'Samples' });
    await samples.getByRole('gridcell').filter({ hasText: 'Question 2' }).click();
    expect(await copied('Prompt copied')).toBe(promptOf(2));

    // Selected text is the browser's to copy.
    await page.getByRole('region', { name: 'Sample', exact: true }).getByText('Answer 0').selectText();
    await samples.focus();
    await page.keyboard.press('ControlOrMeta+c');
    await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe('Answer 0');
    await page.keyboard.press('?');
    await page.getByRole('dialog').getByText('Copy the cell, or the row').waitFor();
    expect(app.complaints).toEqual([]);
    await app.close();
  });
});

describe.skipIf(missing !== null || smallModel === null)('the curves of several runs', () => {
  const served = useBrowserWorkbench(async (workbench) => {
    await addTrainingMaterial(workbench, smallModel ?? '');
    for (const [name, seed] of [
      ['first', 1],
      ['second', 2],
    ] as const) {
      const { id } = await workbench.runs.launch({
        spec: tinySpec({ name, seed, steps: 3, evaluate: { suites: [] } }),
      });
      await workbench.runs.ended(id);
    }
  });

  it('are lines of one chart per metric, picked from the legend, at an address', async () => {
    const app = await served.open();
    const { page } = app;
    await app.goto('/runs');
    await page.getByRole('checkbox', { name: 'Mark first' }).click();
    await app.button('Curves of 1').click();
    const legend = page.getByRole('region', { name: 'Legend' });
    const loss = page.getByRole('figure', { name: 'Loss', exact: true });
    await loss.getByText('first').waitFor();
    expect(await loss.getByText('second').count()).toBe(0);
    await legend.getByRole('checkbox', { name: 'second' }).check();
    await loss.getByText('second').waitFor();
    expect(new URL(page.url()).hash).toMatch(/view=curves&runs=[^,]+(,|%2C)/);
    await page.screenshot({ path: 'test-results/overlay.png' });
    await page.reload();
    await loss.getByText('second').waitFor();
    await legend.getByRole('button', { name: 'Only second' }).click();
    await loss.getByText('first').waitFor({ state: 'detached' });
    await page.getByRole('searchbox', { name: 'Find a curve' }).fill('no such curve');
    await page.getByText('0 curves').waitFor();
    expect(app.complaints).toEqual([]);
    await app.close();
  });
});
