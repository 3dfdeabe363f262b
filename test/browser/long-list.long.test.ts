import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Workbench } from '../../src-main/workbench/workbench.ts';
import { quietTask } from '../../src-main/workbench/supervision/task.ts';
import type { App } from './pages.ts';
import { useBrowserWorkbench, whyNoBrowser } from './shell.ts';

const noBrowser = await whyNoBrowser();
const rows = 40_000;

/** Two evaluations whose difference of scores is a sample's own number: sorted by it, row n holds sample n. */
async function compareMany(workbench: Workbench): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'flipguard-long-'));
  const ids: string[] = [];
  for (const side of [0, 1]) {
    const source = path.join(folder, `side-${side}.jsonl`);
    const line = (i: number) => `{"id":"n${i}","output":"answer ${i}","correct":true,"score":${side * i}}`;
    writeFileSync(source, Array.from({ length: rows }, (_, i) => line(i)).join('\n'));
    const map = { id: 'id', output: 'output', correct: 'correct', score: 'score' };
    ids.push((await workbench.imports.evaluation({ source, name: `side ${side}`, map }, quietTask())).id);
  }
  const [left = '', right = ''] = ids;
  return (await workbench.comparisons.ready(left, right, undefined, quietTask())).id;
}

describe.skipIf(noBrowser !== null)('a list of forty thousand samples', () => {
  let comparisonId = '';
  const served = useBrowserWorkbench(async (workbench) => {
    comparisonId = await compareMany(workbench);
  });

  /** The rows on screen once they have arrived: their place in the list, counted from 0, and their sample. */
  async function inSight(app: App): Promise<{ place: number; sample: string }[]> {
    // Seen and read in one go: the next frame can have moved on to rows that are still to come.
    const arrived = await app.page.waitForFunction(() => {
      const shown = [...document.querySelectorAll<HTMLElement>('[role=grid] [role=row][aria-rowindex]:not(.head)')];
      if (shown.length <= 5 || document.querySelector('.grid-row.pending') !== null) return null;
      return shown.map((row) => ({
        place: Number(row.getAttribute('aria-rowindex')) - 2,
        sample: /n\d+/.exec(row.innerText)?.[0] ?? '',
      }));
    });
    return (await arrived.jsonValue()) ?? [];
  }

  function expectRightRows(shown: { place: number; sample: string }[]): void {
    expect(shown.map(({ sample }) => sample)).toEqual(shown.map(({ place }) => `n${place}`));
    const first = shown[0]?.place ?? NaN;
    expect(shown.map(({ place }) => place)).toEqual(shown.map((_, i) => first + i));
  }

  it('shows the right rows at its start, in its middle and at its end, and the sample that is opened there', async () => {
    const app = await served.open();
    await app.goto(`/compare/${comparisonId}?kind=all`);
    await app.flips.ready();
    const { table } = app.flips;
    expectRightRows(await inSight(app));
    expect(await app.flips.sampleId.innerText()).toBe('n0');

    const middle = await table.evaluate((grid) => (grid.scrollTop = Math.floor(grid.scrollHeight / 2)));
    expect(middle).toBeGreaterThan(10 * rows);
    await app.page.waitForFunction(
      ([least]) => Number(document.querySelector('.grid-row[aria-rowindex]')?.getAttribute('aria-rowindex')) > least,
      [rows / 3] as const,
    );
    const shown = await inSight(app);
    expectRightRows(shown);
    expect(Math.abs((shown[0]?.place ?? 0) - rows / 2)).toBeLessThan(rows / 100);
    const chosen = shown[Math.floor(shown.length / 2)]!;
    await table.getByText(chosen.sample, { exact: true }).click();
    await app.flips.sample.getByRole('heading', { level: 2, name: chosen.sample, exact: true }).waitFor();
    await app.page.keyboard.press('j');
    const next = `n${chosen.place + 1}`;
    await app.flips.sample.getByRole('heading', { level: 2, name: next, exact: true }).waitFor();

    await table.focus();
    await app.page.keyboard.press('End');
    await table
      .locator(`[aria-rowindex="${rows + 1}"]`)
      .getByText(`n${rows - 1}`)
      .waitFor();
    expectRightRows(await inSight(app));
    await app.page.keyboard.press('Home');
    await table.locator('[aria-rowindex="2"]').getByText('n0', { exact: true }).waitFor();
    expect(app.complaints).toEqual([]);
    await app.close();
  });
});
