import { describe, expect, it, vi } from 'vitest';
import { quietTask } from '../../src-main/workbench/supervision/task.ts';
import { smallModel } from '../helpers/workbench.ts';
import { useBrowserWorkbench, whyNoBrowser } from './shell.ts';

const noBrowser = await whyNoBrowser();
vi.stubEnv('FLIPGUARD_ALLOW_ENDPOINTS', '');

describe.skipIf(noBrowser !== null || smallModel === null)('an evaluation by a judge elsewhere', () => {
  const origin = 'http://127.0.0.1:9';
  const served = useBrowserWorkbench(async (workbench) => {
    await workbench.models.add(smallModel ?? '', { name: 'small' }, quietTask());
    await workbench.imports.addSuite(
      'judged',
      {
        kind: 'generate',
        decoding: { temperature: 0, maxNewTokens: 2, seed: 0 },
        scorer: { kind: 'judge', endpoint: `${origin}/v1`, model: 'strict', rubric: 'Is it kind?' },
      },
      [{ kind: 'generate', id: 'a', prompt: 'Once upon a time' }],
    );
  });

  it('asks at the window before it sends texts there, and starts once it may', async () => {
    const app = await served.open();
    await app.goto('/models');
    await app.click(app.button('Evaluate…'));
    await app.click(app.button('Start'));
    const question = app.page.getByRole('dialog', { name: 'Send texts to another server?' });
    await question.getByText(origin, { exact: true }).waitFor();
    if (process.env['FLIPGUARD_PICTURES'] !== undefined)
      await app.page.screenshot({ path: process.env['FLIPGUARD_PICTURES'] });
    await app.click(question.getByRole('button', { name: 'Cancel' }));
    await question.waitFor({ state: 'hidden' });
    expect(served.workbench.core.jobs.list()).toEqual([]);

    await app.click(app.button('Start'));
    await app.click(question.getByRole('button', { name: 'Allow until the workbench closes' }));
    await app.page.getByRole('dialog').waitFor({ state: 'hidden' });
    expect(served.workbench.core.jobs.list().map(({ kind }) => kind)).toEqual(['evaluation']);
    expect(app.complaints).toEqual([]);
    await app.close();
  });
});
