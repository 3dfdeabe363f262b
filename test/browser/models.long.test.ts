import { describe, expect, it } from 'vitest';
import { addTrainingMaterial, smallModel, tinySpec } from '../helpers/workbench.ts';
import { axeFindings } from './axe.ts';
import { useBrowserWorkbench, whyNoBrowser } from './shell.ts';

const missing = (await whyNoBrowser()) ?? (smallModel === null ? 'no small model is here' : null);

describe.skipIf(missing !== null)('the page of a model', () => {
  const served = useBrowserWorkbench(async (workbench) => {
    await addTrainingMaterial(workbench, smallModel ?? '');
    // A rate at which the answers of two steps part within a few tokens.
    const input = { spec: tinySpec({ optimizer: { learningRate: 5e-3 }, guard: { kind: 'none' }, steps: 4 }) };
    const { id } = await workbench.runs.launch(input);
    await workbench.runs.ended(id);
  });

  it('shows what came of it, and answers a prompt next to its newest checkpoint', async () => {
    const app = await served.open();
    const { page } = app;
    await app.goto('/models');
    await page.getByRole('grid', { name: 'Models' }).getByText('small').first().click();
    await page.getByRole('heading', { level: 1, name: 'small' }).waitFor();
    const trial = page.getByRole('region', { name: 'Try a prompt' });
    expect(await trial.getByRole('combobox', { name: 'Old' }).inputValue()).toBe('small');
    expect(await trial.getByRole('combobox', { name: 'New' }).inputValue()).toBe('tiny, step 4');
    await page.getByRole('region', { name: 'Runs from this model' }).getByRole('link', { name: 'tiny' }).waitFor();
    await page
      .getByRole('region', { name: 'Evaluations' })
      .getByRole('link', { name: /tiny, step/ })
      .first()
      .waitFor();

    await trial.getByRole('spinbutton', { name: 'Token limit' }).fill('24');
    await trial.getByRole('textbox', { name: 'Prompt', exact: true }).fill('Once upon a time, there was a');
    await page.keyboard.press('Control+Enter');
    await trial.getByText(/The answers first differ at token \d+\./).waitFor();
    const marked = trial.locator('mark');
    expect(await marked.count()).toBe(2);
    expect(await marked.first().innerText()).not.toBe(await marked.last().innerText());
    const first = await trial.getByRole('region', { name: 'Old' }).locator('.text').innerText();

    await trial.getByText('Sampled', { exact: true }).click();
    await app.button('Answer').click();
    await app.button('Answer').waitFor();
    expect(await trial.getByRole('region', { name: 'Old' }).locator('.text').innerText()).not.toBe(first);

    await app.button('Keep as sample…').click();
    const dialog = page.getByRole('dialog', { name: 'Keep as sample' });
    await dialog.getByRole('button', { name: 'Take the old answer' }).click();
    await dialog.getByRole('button', { name: 'Keep', exact: true }).click();
    await page.getByText('Kept in “Kept prompts” (1)').waitFor();
    await page.screenshot({ path: 'test-results/model-page.png' });
    const suite = (await served.workbench.core.store.listSuites()).find(({ name }) => name === 'Kept prompts');
    expect(suite).toMatchObject({ kind: 'generate', items: 1, scorer: { kind: 'contains' } });
    expect(app.complaints).toEqual([]);
    await app.close();
  });

  it.each(['light', 'dark'] as const)(
    'has nothing serious for axe to find, nor has its run’s, in %s',
    async (colorScheme) => {
      const app = await served.open({ colorScheme });
      const { store } = served.workbench.core;
      await app.goto(`/models/${(await store.listModels())[0]?.id ?? ''}`);
      await app.page.getByRole('region', { name: 'Evaluations' }).getByRole('link').first().waitFor();
      expect(await axeFindings(app)).toEqual([]);
      await app.goto(`/runs/${(await store.listRuns())[0]?.id ?? ''}`);
      await app.page
        .getByRole('group', { name: /^Flips of/ })
        .first()
        .waitFor();
      await app.page.getByRole('figure', { name: 'Loss' }).locator('canvas').waitFor();
      expect(await axeFindings(app)).toEqual([]);
      await app.close();
    },
  );

  it('stops an answer, and keeps what had come', async () => {
    const app = await served.open();
    const model = (await served.workbench.core.store.listModels())[0]?.id ?? '';
    await app.goto(`/models/${model}`);
    const trial = app.page.getByRole('region', { name: 'Try a prompt' });
    await trial.getByRole('spinbutton', { name: 'Token limit' }).fill('100000');
    await trial.getByRole('textbox', { name: 'Prompt', exact: true }).fill('One day');
    // In the page: by the time the first words are seen from here, a small model may have answered.
    await app.page.evaluate(() => {
      const stop = new MutationObserver(() => {
        const came = document.querySelector('[aria-label="Old"] .text')?.textContent ?? '';
        const button = [...document.querySelectorAll('button')].find(({ innerText }) => innerText.trim() === 'Stop');
        if (!/\w/.test(came) || button === undefined) return;
        stop.disconnect();
        button.click();
      });
      stop.observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    await app.button('Answer').click();
    const old = trial.getByRole('region', { name: 'Old' }).locator('.text');
    await trial.getByText('Answering: cancelled.').waitFor();
    expect((await old.innerText()).trim()).not.toBe('');
    await trial.getByRole('spinbutton', { name: 'Token limit' }).fill('4');
    await app.button('Answer').click();
    await trial.getByText(/The answers (first differ|are the same)/).waitFor();
    expect(app.complaints).toEqual([]);
    await app.close();
  });
});
