import { describe, expect, it } from 'vitest';
import { plainText } from '../../src-main/shared/domain/datasets.ts';
import { quietTask } from '../../src-main/workbench/supervision/task.ts';
import { plantedPairs } from '../helpers/planted-data.ts';
import { smallModel } from '../helpers/workbench.ts';
import { compareTwoModels } from './material.ts';
import { useBrowserWorkbench, whyNoBrowser } from './shell.ts';

const missing = (await whyNoBrowser()) ?? (smallModel === null ? 'no small model is here' : null);

describe.skipIf(missing !== null)('a dataset with faults', () => {
  let datasetId = '';
  let comparisonId = '';
  const served = useBrowserWorkbench(async (workbench) => {
    await workbench.models.add(smallModel ?? '', { name: 'small' }, quietTask());
    const faults = { duplicates: 4, nearDuplicates: 3, contradictions: 2, emptySides: 1, long: 1 };
    const rows = [...plantedPairs(60, faults)];
    datasetId = (await workbench.imports.addDataset('pairs', rows)).id;
    // Rows that come once: two samples fall, one rises, each with a word more than its row.
    const asked = rows.slice(20, 30).map(({ prompt }, i) => ({
      question: `Please ${plainText(prompt)}`,
      ground_truth: 'a',
      small: { is_correct: i !== 5, solution: i !== 5 ? 'a' : 'b' },
      large: { is_correct: i !== 2 && i !== 7, solution: i !== 2 && i !== 7 ? 'a' : 'b' },
    }));
    comparisonId = await compareTwoModels(workbench, {
      name: 'asked.jsonl',
      text: asked.map((one) => JSON.stringify(one)).join('\n'),
      rows: asked.length,
      negative: 2,
      positive: 1,
      old: { output: 'small.solution', correct: 'small.is_correct' },
      now: { output: 'large.solution', correct: 'large.is_correct' },
    });
  });

  it('shows the rows near the flips of a comparison, from the flips and from the rows, and makes a version of them', async () => {
    const app = await served.open();
    await app.goto(`/compare/${comparisonId}`);
    await app.button('More').click();
    await app.page.getByRole('menuitem', { name: 'Rows near these flips…' }).click();
    await app.button('Show the rows').click();
    await app.page.getByText(/with that of one of 2 samples \(negative\) from old model to new model/).waitFor();
    const grid = app.page.getByRole('grid', { name: 'Rows of pairs' });
    const numbers = () => grid.getByRole('row').locator('[role=gridcell]:first-child').allInnerTexts();
    await app.page.getByText('2 rows', { exact: true }).waitFor();
    expect(await numbers()).toEqual(['23', '28']);
    await app.button('Clear filter').click();
    await app.page.getByText('71 rows', { exact: true }).waitFor();

    await app.button('Near flips…').click();
    await app.button('Show the rows').click();
    await app.page.getByText('2 rows', { exact: true }).waitFor();
    await app.button('Version of these…').click();
    await app.button('Make version').click();
    await app.page.getByRole('heading', { name: 'pairs without some' }).waitFor();
    await app.page.getByText(/share 0\.5 or more/).waitFor();
    expect(app.complaints).toEqual([]);
    await app.close();
  });

  it('is counted, searched, seen as the model sees it, and cleaned in three clicks', async () => {
    const app = await served.open();
    await app.goto(`/datasets/${datasetId}`);
    const findings = app.page.getByRole('group', { name: 'Findings' }).first();
    const counted = async (name: string) =>
      (await findings.locator('label.value', { hasText: name }).first().innerText()).replace(/\s+/g, ' ').trim();
    await findings.getByText('same as an earlier row').waitFor();
    expect([
      await counted('same as an earlier row'),
      await counted('similar to an earlier row'),
      await counted('contradicts another row'),
      await counted('a side without text'),
    ]).toEqual([
      'same as an earlier row 4',
      'similar to an earlier row 3',
      'contradicts another row 4',
      'a side without text 1',
    ]);

    const grid = app.page.getByRole('grid', { name: 'Rows of pairs' });
    const count = () => grid.getAttribute('aria-rowcount');
    await findings.getByText('a side without text').click();
    await app.page.getByText('1 row', { exact: true }).waitFor();
    expect(await count()).toBe('2');
    await app.button('Clear filter').click();
    await app.page.getByText('71 rows', { exact: true }).waitFor();

    await grid.getByRole('row').nth(1).click();
    await app.page.getByRole('combobox', { name: 'Model that sees the row' }).selectOption({ label: 'small' });
    await app.page.getByRole('spinbutton', { name: 'Length limit' }).fill('40');
    const chosen = app.page.getByRole('region', { name: 'chosen as tokens' });
    await chosen.locator('.cut').first().waitFor();
    expect(await chosen.locator('.differs').count()).toBe(1);
    expect(await chosen.locator('.loss').count()).toBe(
      Number(/(\d+) with a loss/.exec(await chosen.getByRole('heading').innerText())?.[1]),
    );

    // Three clicks from a dataset with faults to one without.
    await app.button('Clean…').click();
    await app.button('Make version').click();
    await app.page.getByRole('heading', { name: 'pairs clean' }).waitFor();
    await app.page.getByText('59 rows', { exact: true }).waitFor();
    const versions = app.page.getByRole('list', { name: 'Versions' }).getByRole('listitem');
    expect(await versions.allInnerTexts()).toEqual([
      expect.stringMatching(/^pairs\s+71$/),
      expect.stringMatching(/^pairs without some\s+69\s+without rows: among 2 chosen$/),
      expect.stringMatching(/^pairs clean\s+59\s+without rows: same as an earlier row/),
    ]);
    expect(app.complaints).toEqual([]);
    await app.close();
  });
});
