import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { EventBus } from '../../src-main/workbench/contract/event-bus.ts';
import { addTrainingMaterial, smallModel, tinySpec } from '../helpers/workbench.ts';
import { axeFindings } from './axe.ts';
import { useBrowserWorkbench, whyNoBrowser } from './shell.ts';

const missing = (await whyNoBrowser()) ?? (smallModel === null ? 'no small model is here' : null);

/** Halts the process that answers as its first words come: a small model would have said everything before anybody can press a button. */
function holdTheTrainer(bus: EventBus): { release: () => void } {
  let halted: number[] = [];
  const unsubscribe = bus.subscribe((event) => {
    if (event.topic !== 'prompt-text' || !/\w/.test(event.text) || halted.length > 0) return;
    const found = execFileSync('pgrep', ['-f', '-P', String(process.pid), 'trainer/entry'], { encoding: 'utf8' });
    halted = found.trim().split('\n').map(Number);
    for (const pid of halted) process.kill(pid, 'SIGSTOP');
  });
  return {
    release() {
      unsubscribe();
      for (const pid of halted) process.kill(pid, 'SIGCONT');
    },
  };
}

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
    const held = holdTheTrainer(served.workbench.core.bus);
    await app.button('Answer').click();
    const old = trial.getByRole('region', { name: 'Old' }).locator('.text');
    await old.filter({ hasText: /\w/ }).waitFor();
    await app.button('Stop').click();
    await trial.getByText('Answering: cancelled.').waitFor();
    held.release();
    expect((await old.innerText()).trim()).not.toBe('');
    await trial.getByRole('spinbutton', { name: 'Token limit' }).fill('4');
    await app.button('Answer').click();
    await trial.getByText(/The answers (first differ|are the same)/).waitFor();
    expect(app.complaints).toEqual([]);
    await app.close();
  });
});
