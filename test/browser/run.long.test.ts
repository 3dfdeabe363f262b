import { describe, expect, it } from 'vitest';
import { addTrainingMaterial, smallModel } from '../helpers/workbench.ts';
import type { App } from './pages.ts';
import { useBrowserWorkbench, whyNoBrowser } from './shell.ts';

const missing = (await whyNoBrowser()) ?? (smallModel === null ? 'no small model is here' : null);

const spec = (name: string, steps: number) => `name: ${name}
model: small
dataset: {train: pairs}
algorithm: {kind: dpo}
guard: {kind: flipguard, weight: 1}
optimizer: {learningRate: 5.0e-3}
batch: {size: 2, maxLength: 48}
steps: ${steps}
evaluate: {suites: [words], every: 5}
checkpoint: {every: 5}
`;

describe.skipIf(missing !== null)('a run', () => {
  const served = useBrowserWorkbench((workbench) => addTrainingMaterial(workbench, smallModel ?? ''));

  async function launch(app: App, yaml: string): Promise<void> {
    await app.goto('/launch');
    await app.writeSpec(yaml);
    await app.page.getByText('ready to start').waitFor();
    await app.button('Start').click();
    await app.page.waitForURL(/#\/runs\//);
  }
  const status = (app: App, name: string) => app.page.locator('.head').getByText(name, { exact: true });

  it('is launched, watched, stopped, resumed, and launched again with another weight', async () => {
    const app = await served.open();
    await launch(app, spec('watched', 400));
    await status(app, 'running').waitFor();
    await app.page.getByRole('figure', { name: 'Loss' }).locator('canvas').waitFor();
    const meter = app.page.getByRole('group', { name: 'Flips of next words over the run' });
    await meter.getByRole('button').first().waitFor();

    // Reloaded in the middle: snapshot and tail come together again.
    await app.page.reload();
    await status(app, 'running').waitFor();
    await app.page.getByRole('figure', { name: 'Loss' }).locator('canvas').waitFor();

    await app.page.keyboard.press('s');
    await status(app, 'stopped').waitFor();
    const stepText = () => app.page.locator('.head strong').first().innerText();
    const stoppedAt = Number((await stepText()).replace(/\D/g, ''));
    expect(stoppedAt).toBeGreaterThan(0);
    expect(stoppedAt).toBeLessThan(400);

    // The line is there on a logarithmic axis too.
    const canvas = app.page.getByRole('figure', { name: 'Loss' }).locator('canvas');
    const colouredPixels = () =>
      canvas.evaluate((element: HTMLCanvasElement) => {
        const { data } = element.getContext('2d')!.getImageData(0, 0, element.width, element.height);
        let count = 0;
        for (let i = 0; i < data.length; i += 4) if (data[i + 3]! > 100 && data[i + 2]! - data[i]! > 40) count += 1;
        return count;
      });
    expect(await colouredPixels()).toBeGreaterThan(100);
    await app.button('Logarithmic axis for Loss').click();
    await app.page.waitForTimeout(300);
    expect(await colouredPixels()).toBeGreaterThan(100);

    await app.button('Resume').click();
    await status(app, 'running').waitFor();
    await app.page.getByText(/resumed at step/).waitFor();
    await app.button('Stop').click();
    await status(app, 'stopped').waitFor();

    await app.button('Relaunch').click();
    await app.heading('Relaunch').waitFor();
    const guard = app.page.getByRole('group', { name: 'Guard' });
    await guard.getByLabel('Weight', { exact: true }).fill('3');
    const difference = app.page.getByRole('region', { name: 'Changes from the parent' });
    await difference.getByRole('row', { name: /guard\.weight.*1.*3/ }).waitFor();
    await app.page.getByRole('textbox', { name: 'Run spec as YAML' }).getByText('weight: 3').waitFor();
    await app.page.getByRole('textbox', { name: 'Steps', exact: true }).fill('5');
    await app.page.getByText('ready to start').waitFor();
    await app.button('Start').click();
    await app.heading('watched 2').waitFor();
    await status(app, 'finished').waitFor();
    await app.page.getByRole('list', { name: 'Lineage of runs' }).getByText('relaunch').waitFor();
    expect(app.complaints).toEqual([]);
    await app.close();
  });

  it('draws its curves and counts its steps from the first to the last without a reload', async () => {
    const app = await served.open();
    await launch(app, spec('followed', 20));
    await app.page.getByRole('img', { name: /^Loss, step/ }).waitFor({ timeout: 90_000 });
    await status(app, 'finished').waitFor({ timeout: 120_000 });
    await app.page.getByRole('img', { name: /^Loss, step [01] to 20$/ }).waitFor();
    expect(await app.page.locator('.head strong').first().innerText()).toBe('step 20');

    // A window that the hand chose stays until a double-click gives it up.
    const canvas = app.page.getByRole('figure', { name: 'Loss' }).locator('.u-over');
    const { width, height } = (await canvas.boundingBox())!;
    const at = (share: number) => ({ x: width * share, y: height / 2 });
    await canvas.dragTo(canvas, { sourcePosition: at(0.4), targetPosition: at(0.8) });
    await app.page.getByRole('img', { name: /^Loss, step (?![01] )/ }).waitFor();
    await canvas.dblclick({ position: at(0.4) });
    await app.page.getByRole('img', { name: /^Loss, step [01] to 20$/ }).waitFor();
    expect(app.complaints).toEqual([]);
    await app.close();
  });

  it('leads by keys alone from its flips to a guard set, a relaunch, and the ledger of what became of them', async () => {
    const app = await served.open();
    await launch(app, spec('regressed', 10).replace('kind: flipguard, weight: 1', 'kind: none'));
    await status(app, 'finished').waitFor();
    const meter = app.page.getByRole('group', { name: 'Flips of next words over the run' });
    await app.pressByKeys(meter.getByRole('button', { name: /^Step 10/ }));
    await app.flips.ready();
    await app.flips.facet('negative').waitFor();
    await app.pressByKeys(app.button(/^Guard \d+$/));
    const dialog = app.page.getByRole('dialog', { name: 'Guard set' });
    await app.tabTo(dialog.getByLabel('Name'));
    await app.page.keyboard.press('Control+a');
    await app.page.keyboard.type('lost words');
    await app.pressByKeys(dialog.getByRole('button', { name: 'Save and relaunch' }));
    await app.heading('Relaunch').waitFor();
    const difference = app.page.getByRole('region', { name: 'Changes from the parent' });
    await difference.getByRole('row', { name: /guard\.guardSet.*lost words/ }).waitFor();
    await app.page.getByText('ready to start').waitFor();
    await app.pressByKeys(app.button('Start'));
    await app.heading('regressed 2').waitFor();
    await status(app, 'finished').waitFor();

    await app.pressByKeys(app.place('Guard sets'));
    const list = app.page.getByRole('grid', { name: 'Guard sets' });
    await app.tabTo(list);
    await app.page.keyboard.press('Home');
    await app.page.keyboard.press('Enter');
    await app.heading('lost words').waitFor();
    const ledger = app.page.getByRole('region', { name: 'Mitigation ledger' });
    await ledger.getByRole('button', { name: /repaired/ }).waitFor();
    const counts = await ledger.getByRole('button').allInnerTexts();
    expect(counts.map((text) => text.replace(/[^a-z ]/g, '').trim())).toEqual([
      'repaired',
      'still broken',
      'newly broken',
    ]);
    expect(app.complaints).toEqual([]);
    await app.close();
  });
});
