import { appendFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { quietTask } from '../../src-main/workbench/supervision/task.ts';
import { evaluationMap, writeEvaluation } from '../helpers/workbench.ts';
import { useBrowserWorkbench, whyNoBrowser } from './shell.ts';

const missing = await whyNoBrowser();

describe.skipIf(missing !== null)('the page of an evaluation', () => {
  const served = useBrowserWorkbench(async (workbench) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'flipguard-evaluation-'));
    for (const [name, verdicts] of [
      ['before', '1111100000'],
      ['after', '1011100100'],
    ] as const) {
      const source = writeEvaluation(path.join(folder, `${name}.jsonl`), verdicts);
      appendFileSync(source, '{"id": "bad"\n');
      await workbench.imports.evaluation({ source, name, map: evaluationMap }, quietTask());
    }
    const [now, old] = await workbench.core.store.listEvaluations({});
    await workbench.comparisons.ready(old?.id ?? '', now?.id ?? '', undefined, quietTask());
  });

  it('lists its samples by verdict, and says where they came from, what was left out and what it is compared with', async () => {
    const app = await served.open();
    const { page } = app;
    await app.goto('/evaluations');
    await page.getByRole('grid', { name: 'Evaluations' }).getByText('after').first().click();
    await page.getByRole('heading', { level: 1, name: 'after' }).waitFor();
    await page.getByText('10 samples · accuracy 50.0 %').waitFor();
    const grid = page.getByRole('grid', { name: 'Samples' });
    const sample = page.getByRole('region', { name: 'Sample', exact: true });
    await sample.getByRole('heading', { name: 's0' }).waitFor();
    await page.getByText('Wrong 5', { exact: true }).click();
    await sample.getByRole('heading', { name: 's1' }).waitFor();
    expect(await grid.getAttribute('aria-rowcount')).toBe('6');
    await grid.focus();
    await page.keyboard.press('ArrowDown');
    await sample.getByRole('heading', { name: 's5' }).waitFor();
    await sample.getByText('Question 5?').waitFor();
    await sample.getByText('Answer 0').waitFor();

    await page.getByRole('region', { name: 'Source' }).getByText('after.jsonl').waitFor();
    await page.getByRole('region', { name: 'Left out' }).getByText('1 row of 11 in the source.').waitFor();
    await page.getByRole('region', { name: 'Left out' }).getByText('line 11').waitFor();
    await page.screenshot({ path: 'test-results/evaluation-page.png' });
    await page.getByRole('region', { name: 'Comparisons' }).getByRole('link', { name: 'before → after' }).click();
    await app.flips.ready();
    expect(app.complaints).toEqual([]);
    await app.close();
  });

  it('says so when the evaluation is gone', async () => {
    const app = await served.open();
    await app.goto('/evaluations/none');
    await app.heading('This evaluation is not there').waitFor();
    await app.button('All evaluations').click();
    await app.heading('Evaluations').waitFor();
    await app.close();
  });
});
