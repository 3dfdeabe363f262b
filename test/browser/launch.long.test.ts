import { describe, expect, it } from 'vitest';
import { addTrainingMaterial, smallModel } from '../helpers/workbench.ts';
import type { App } from './pages.ts';
import { useBrowserWorkbench, whyNoBrowser } from './shell.ts';

const missing = (await whyNoBrowser()) ?? (smallModel === null ? 'no small model is here' : null);

describe.skipIf(missing !== null)('the launch form', () => {
  const served = useBrowserWorkbench((workbench) => addTrainingMaterial(workbench, smallModel ?? ''));
  const yaml = (app: App) => app.page.getByRole('textbox', { name: 'Run spec as YAML' });
  const field = (app: App, name: string) => app.page.getByRole('textbox', { name, exact: true });

  it('begins with what most runs need, and is checked on suites whose flips can be counted', async () => {
    const app = await served.open();
    await app.goto('/launch');
    await app.page.getByText('ready to start').waitFor();
    expect(await app.page.getByRole('checkbox', { name: 'words' }).isChecked()).toBe(true);
    expect(await field(app, 'Weight decay').count()).toBe(0);
    await app.page.getByText('Advanced', { exact: true }).click();
    await field(app, 'Weight decay').waitFor();
    await app.page.reload();
    await field(app, 'Weight decay').waitFor();
    expect(app.complaints).toEqual([]);
    await app.close();
  });

  it('finds a model by a part of its name, offers to import one, and says plainly what is missing', async () => {
    const app = await served.open();
    await app.goto('/launch');
    await app.page.getByText('ready to start').waitFor();
    const model = app.page.getByRole('combobox', { name: 'model' });
    await model.fill('');
    await model.press('Tab');
    await app.page.getByText('Choose a model.').first().waitFor();
    await model.click();
    await app.page.getByRole('button', { name: 'Import a model…' }).waitFor();
    await app.page.keyboard.type('sma');
    await app.page.keyboard.press('Enter');
    expect(await model.inputValue()).toBe('small');
    await app.page.getByText('ready to start').waitFor();
    await model.click();
    await app.page.getByRole('button', { name: 'Import a model…' }).click();
    await app.importDialog.root.waitFor();
    expect(app.complaints).toEqual([]);
    await app.close();
  });

  it('completes the spec by its schema and by what there is, in one style sheet that the page’s policy allows', async () => {
    const app = await served.open();
    await app.goto('/launch');
    await app.page.getByText('ready to start').waitFor();
    await yaml(app).press('ControlOrMeta+a');
    await yaml(app).press('Delete');
    await app.page.getByRole('region', { name: 'Problems' }).waitFor();
    await app.writeSpec('name: typed\n');
    await app.page.keyboard.type('mod');
    await app.page.getByRole('option', { name: /^model/ }).click();
    await app.page.getByRole('option', { name: 'small' }).click();
    // Letters that are keys elsewhere are letters here.
    await app.page.keyboard.type('\nguard: {kind: flipguard, wieght: 2}');
    await app.page.keyboard.press('Escape');
    await yaml(app).getByText('model: small').waitFor();
    await app.page.getByRole('region', { name: 'Problems' }).getByText('Did you mean “weight”?').waitFor();
    await app.page.locator('.cm-lintRange-error').first().waitFor();
    expect(
      await app.page.locator('.host .cm-content').evaluate((content) => getComputedStyle(content).whiteSpace),
    ).toBe('pre');
    await yaml(app).press('Control+z');
    // After Escape, Tab leaves the editor.
    await app.page.keyboard.press('Escape');
    await app.page.keyboard.press('Tab');
    expect(await yaml(app).evaluate((content) => content.matches(':focus'))).toBe(false);
    expect(app.complaints).toEqual([]);
    await app.close();
  });

  it('suggests the key that was meant, and keeps a draft over a reload', async () => {
    const app = await served.open();
    await app.goto('/launch');
    await app.page.getByText('ready to start').waitFor();
    await app.writeSpec(
      'name: mine\nmodel: small\ndataset: {train: pairs}\nalgorithm: {kind: dpo}\nguard: {kind: flipguard, wieght: 2}\nsteps: 3\n',
    );
    await app.page.getByRole('region', { name: 'Problems' }).getByText('Did you mean “weight”?').waitFor();
    await app.page.reload();
    await app.page.getByText('Your draft was restored.').waitFor();
    await app.page.getByRole('region', { name: 'Problems' }).getByText('Did you mean “weight”?').waitFor();
    await app.button('Start over').click();
    await app.page.getByText('ready to start').waitFor();
    await app.page.reload();
    await app.page.getByText('ready to start').waitFor();
    expect(await app.page.getByText('Your draft was restored.').count()).toBe(0);
    await app.close();
  });

  it('has alerts as rules to pick, and says which of them is none', async () => {
    const app = await served.open();
    await app.goto('/launch');
    await app.page.getByText('ready to start').waitFor();
    await app.button('Add an alert').click();
    await app.button('Add an alert').click();
    await app.page.getByRole('combobox', { name: 'Metric of alert 2' }).selectOption('grad_norm');
    await field(app, 'Limit of alert 2').fill('');
    await app.page.getByText('is not a rule: nfr>2%, or rewards/margins<0').first().waitFor();
    await field(app, 'Limit of alert 2').fill('5');
    await app.page.getByText('ready to start').waitFor();
    expect(await yaml(app).innerText()).toMatch(/alerts:\s+- nfr>2%\s+- grad_norm>5\s/);
    await app.button('Remove alert 1').click();
    await app.page.getByText('ready to start').waitFor();
    expect(await yaml(app).innerText()).not.toContain('nfr>2%');
    // Where alerts go as well is asked for at the start, and no part of the spec.
    await field(app, 'Address that alerts are sent to').fill('http://127.0.0.1:9/alerts');
    expect(await yaml(app).innerText()).not.toContain('127.0.0.1');
    await app.button('Start').click();
    const consent = app.page.getByRole('dialog', { name: 'Send texts to another server?' });
    await consent.getByText('Alerts would be sent to http://127.0.0.1:9, which has not been allowed.').waitFor();
    await consent.getByRole('button', { name: 'Cancel' }).click();
    expect(app.complaints).toEqual([]);
    await app.close();
  });

  it('says what is far from usual, in the form, the text and the sweep, and starts it all the same', async () => {
    const app = await served.open();
    await app.goto('/launch');
    await app.page.getByText('ready to start', { exact: true }).waitFor();
    await field(app, 'Learning rate').fill('99');
    await field(app, 'Learning rate').press('Tab');
    await app.page.getByText('ready to start, 1 warning').waitFor();
    const said = /99 is about 5 million times the usual 2e-5 for DPO/;
    await app.page.getByRole('form', { name: 'Run spec' }).getByText(said).waitFor();
    await app.page.getByRole('region', { name: 'Warnings' }).getByText(said).waitFor();
    await app.page.locator('.cm-lint-marker-warning').waitFor();
    expect(await app.button('Start').isEnabled()).toBe(true);
    await app.page.screenshot({ path: 'test-results/launch-warning.png' });

    await app.button('Add sweep parameter').click();
    await app.page.getByLabel('Field 1 to vary').fill('optimizer.learningRate');
    await app.page.getByLabel('Values of optimizer.learningRate, with commas').fill('2e-5, 80');
    const sweep = app.page.getByRole('region', { name: 'Runs of the sweep' });
    await sweep.getByText('80 is about 4 million times').waitFor();
    await sweep.getByText('ready', { exact: true }).waitFor();
    expect(app.complaints).toEqual([]);
    await app.close();
  });

  it('shows the grid of a sweep before it starts, and what in it cannot', async () => {
    const app = await served.open();
    await app.goto('/launch');
    await app.page.getByText('ready to start').waitFor();
    await app.button('Add sweep parameter').click();
    await app.page.getByLabel('Field 1 to vary').fill('guard.wieght');
    await app.page.getByText('There is no field “guard.wieght”. Did you mean “guard.weight”?').waitFor();
    expect(await app.button('Start').isDisabled()).toBe(true);
    await app.page.getByLabel('Field 1 to vary').fill('guard.weight');
    await app.page.getByLabel('Values of guard.weight, with commas').fill('0.5, x');
    const grid = app.page.getByRole('region', { name: 'Runs of the sweep' });
    await grid.getByText('guard.weight: Must be a number.').waitFor();
    await app.page.getByText('1 cannot start').waitFor();
    await app.page.getByLabel('Values of guard.weight, with commas').fill('0.5, 2');
    await grid.getByRole('row', { name: /1 0\.5 ready/ }).waitFor();
    await grid.getByRole('row', { name: /2 2 ready/ }).waitFor();
    expect(await app.button('Start the sweep').isEnabled()).toBe(true);
    expect(app.complaints).toEqual([]);
    await app.close();
  });
});
