import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { quietTask } from '../../src-main/workbench/supervision/task.ts';
import { lmEvalMaterial } from './lm-eval-material.ts';
import type { App } from './pages.ts';
import { useBrowserWorkbench, whyNoBrowser } from './shell.ts';

const missing = await whyNoBrowser();

describe.skipIf(missing !== null)('what a comparison rests on', () => {
  let comparisonId = '';
  const served = useBrowserWorkbench(async (workbench) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'flipguard-basis-'));
    const filters = ['flexible-extract', 'strict-match'];
    const sides = { old: (i: number) => i % 3 > 0, now: (i: number) => i % 4 > 0 };
    for (const [name, isRight] of Object.entries(sides)) {
      mkdirSync(path.join(folder, name));
      for (const file of lmEvalMaterial({ model: name, rows: 20, filters, isRight }).files)
        writeFileSync(path.join(folder, name, file.name), file.text);
      const variant = name === 'old' ? { variant: 'flexible-extract' } : {};
      await workbench.imports.evaluation({ source: path.join(folder, name), name, ...variant }, quietTask());
    }
    const all = await workbench.core.store.listEvaluations({});
    const idOf = (name: string) => all.find((one) => one.name === name)?.id ?? '';
    const { id } = await workbench.comparisons.ready(idOf('old'), idOf('now'), undefined, quietTask());
    comparisonId = id;
  });
  const shown = async (app: App) => {
    const id = /compare\/([^/?]+)/.exec(app.page.url())?.[1] ?? '';
    const { counts, pairBy } = await served.workbench.comparisons.get(id);
    return { negative: counts.kinds.negative, paired: counts.paired, pairBy };
  };

  it('is said where the sides differ, and mended by one click; samples are paired another way', async () => {
    const app = await served.open();
    const { page } = app;
    await app.goto(`/compare/${comparisonId}`);
    const basis = page.getByLabel('Measure and pairing');
    await basis.getByText(/judged differently: filter flexible-extract \(old\) and strict-match \(new\)/).waitFor();
    await page.screenshot({ path: 'test-results/basis-differs.png' });
    await basis.getByRole('button', { name: 'Compare both by strict-match' }).click();
    await basis.getByText('Both sides judged by metric exact_match, filter strict-match').waitFor();
    // Right before: not divisible by 3 nor 5. Wrong now: divisible by 4. Of 0 to 19 these are 4, 8 and 16.
    expect(await shown(app)).toEqual({ negative: 3, paired: 20, pairBy: 'auto' });

    // How samples were paired stands right after how many there are, on the same line.
    const samples = await page.getByLabel('Headline').getByText('Paired samples').locator('..').boundingBox();
    const pairing = await page.getByRole('button', { name: /^Paired by id/ }).boundingBox();
    const gap = {
      x: (pairing?.x ?? NaN) - (samples?.x ?? 0) - (samples?.width ?? 0),
      y: (pairing?.y ?? NaN) - (samples?.y ?? 0),
    };
    expect([gap.x > 0 && gap.x < 40, Math.abs(gap.y) < 12]).toEqual([true, true]);
    await page.getByRole('button', { name: /^Paired by id/ }).click();
    const ways = page.getByRole('dialog', { name: /^Paired by/ });
    expect(await ways.getByRole('button', { name: 'Pair this way' }).isDisabled()).toBe(true);
    await ways.getByRole('radio', { name: 'content the same prompt and target' }).check();
    await page.screenshot({ path: 'test-results/basis-pairing.png' });
    await ways.getByRole('button', { name: 'Pair this way' }).click();
    await page.getByRole('button', { name: /^Paired by content/ }).waitFor();
    expect(await shown(app)).toEqual({ negative: 3, paired: 20, pairBy: 'content' });
    expect(app.complaints).toEqual([]);
    await app.close();
  });
});
