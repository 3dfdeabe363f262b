import { describe, expect, it } from 'vitest';
import { keepDemo } from '../../src-main/workbench/comparing/demo-record.ts';
import { addTrainingMaterial, smallModel, tinySpec } from '../helpers/workbench.ts';
import { compareTwoModels } from './material.ts';
import { useBrowserWorkbench, whyNoBrowser } from './shell.ts';

const missing = (await whyNoBrowser()) ?? (smallModel === null ? 'no small model is here' : null);

describe.skipIf(missing !== null)('results in words', () => {
  const ids = { plain: '', guarded: '', report: '' };
  const served = useBrowserWorkbench(async (workbench) => {
    await addTrainingMaterial(workbench, smallModel ?? '');
    const learning = { optimizer: { learningRate: 3e-3 }, evaluate: { suites: ['words', 'held-out-pairs'], every: 3 } };
    const launch = async (name: string, guard: object) => {
      const run = await workbench.runs.launch({ spec: tinySpec({ name, ...learning, guard } as object) });
      return (await workbench.runs.ended(run.id)).id;
    };
    ids.plain = await launch('plain', { kind: 'none' });
    ids.guarded = await launch('guarded', { kind: 'flipguard', weight: 3 });
    const job = await workbench.core.jobs.settled(
      workbench.reports.start({
        subject: { kind: 'runs', runIds: [ids.plain, ids.guarded] },
        title: 'Two small runs',
        format: 'html',
        redact: { texts: false, privateTags: [] },
      }).id,
    );
    ids.report = job.result['reportId'] ?? '';
  });
  const card = 'What was found';

  it('begin Home and every run, with a table at the same gain, a picture, and the next step', async () => {
    const app = await served.open();
    const found = app.page.getByRole('region', { name: card });
    await found.getByText(/^plain, step 6, lost \d+ of \d+ samples of “next words”/).waitFor();
    await found.getByRole('group', { name: 'NFR over Reward' }).waitFor();
    await app.goto(`/runs/${ids.guarded}`);
    await found.getByText(/^guarded, step 6, lost/).waitFor();
    await app.goto('/');
    await found.getByRole('button', { name: 'Read the report' }).click();
    await app.heading('Two small runs').waitFor();
    await app.page
      .getByRole('region', { name: card })
      .getByText(/^plain, step 6, lost/)
      .waitFor();
    expect(await app.page.getByRole('radio', { name: 'Findings' }).isChecked()).toBe(true);
    expect(app.complaints).toEqual([]);
    await app.close();
  });

  it('lead to the samples that were lost', async () => {
    const app = await served.open();
    await app.page.getByRole('region', { name: card }).getByRole('button', { name: /^See / }).first().click();
    await app.page.waitForURL(/#\/compare\/comparison-/);
    await app.flips.ready();
    await app.close();
  });

  it('are a demo’s own, with its question and a way to run it again', async () => {
    await keepDemo(served.workbench.core.store, {
      title: 'A small demo',
      reportId: ids.report,
      runIds: [ids.plain, ids.guarded],
      endedAt: Date.now(),
    });
    const app = await served.open();
    const found = app.page.getByRole('region', { name: card });
    await found.getByRole('heading', { name: 'A small demo' }).waitFor();
    await found.getByRole('button', { name: 'Run the demo again' }).click();
    // While it runs there is no second one, whoever asks, and it is cancelled by one question.
    await app.button('Cancel Quick demo').first().waitFor();
    expect(await found.getByRole('button', { name: 'Run the demo again' }).isDisabled()).toBe(true);
    const second = await served.workbench.handle('demo.start', { quick: true });
    expect(second).toMatchObject({ ok: false, error: { code: 'conflict', message: 'A demo is running already.' } });
    await app.button('Cancel Quick demo').first().click();
    const question = app.page.getByRole('dialog', { name: 'Cancel the demo?' });
    await question.getByRole('button', { name: 'Keep running' }).click();
    await app.button('Cancel Quick demo').first().click();
    await question.getByRole('button', { name: 'Cancel the demo' }).click();
    await app.page.getByText('Cancelled: Quick demo').waitFor();
    expect(served.workbench.core.jobs.list().map(({ kind, state }) => `${kind} ${state}`)).toContain('demo cancelled');
    expect(app.complaints).toEqual([]);
    await app.close();
  });

  it('speak of imported answers when these came last', async () => {
    await compareTwoModels(served.workbench);
    const app = await served.open();
    const found = app.page.getByRole('region', { name: card });
    await found.getByRole('heading', { name: /old model/ }).waitFor();
    await found.getByText(/samples got worse/).waitFor();
    await found.getByRole('button', { name: /^See the \d+ lost samples/ }).click();
    await app.flips.ready();
    await app.close();
  });
});
