import { describe, expect, it } from 'vitest';
import type { SampleResult } from '../../src-main/shared/domain/evaluations.ts';
import { quietTask } from '../../src-main/workbench/supervision/task.ts';
import type { Workbench } from '../../src-main/workbench/workbench.ts';
import { useBrowserWorkbench, whyNoBrowser } from './shell.ts';

const noBrowser = await whyNoBrowser();

const pair = {
  kind: 'pairs' as const,
  id: 'greeting',
  prompt: 'Greet a guest who is late.',
  chosen: 'Good evening, come in, we have kept a seat for you.',
  rejected: 'Good evening, you are late, we have given your seat away.',
};

/** As a trainer evaluates pairs: the margin is the score, the text kept next to it the rejected response. */
function result(chosen: number, rejected: number): SampleResult {
  const margin = chosen - rejected;
  return {
    sampleId: pair.id,
    prompt: pair.prompt,
    target: pair.chosen,
    output: pair.rejected,
    score: margin,
    verdict: margin > 0 ? 'right' : 'wrong',
    metrics: { 'logps/chosen': chosen, 'logps/rejected': rejected },
  };
}

async function comparePairs(workbench: Workbench): Promise<string> {
  const { store } = workbench.core;
  const suite = await store.beginSuite({ name: 'preferences', kind: 'pairs', origin: 'held-out', import: null });
  await suite.push([pair]);
  const suiteId = await suite.commit();
  const evaluate = async (name: string, one: SampleResult) => {
    const head = {
      name,
      suiteId,
      suiteName: 'preferences',
      runId: null,
      checkpointId: null,
      modelId: null,
      step: null,
    };
    const evaluation = await store.beginEvaluation({ ...head, decoding: null, import: null });
    await evaluation.push([one]);
    return evaluation.commit();
  };
  const left = await evaluate('before', result(-21.5, -24));
  const right = await evaluate('after', result(-26, -23.25));
  return (await workbench.comparisons.ready(left, right, undefined, quietTask())).id;
}

describe.skipIf(noBrowser !== null)('a sample of preference pairs', () => {
  let comparisonId = '';
  const served = useBrowserWorkbench(async (workbench) => {
    comparisonId = await comparePairs(workbench);
  });

  it('shows both responses and what both models make of them, and no output', async () => {
    const app = await served.open();
    await app.goto(`/compare/${comparisonId}`);
    await app.flips.ready();
    const { sample } = app.flips;
    await sample.getByRole('region', { name: 'Chosen' }).waitFor();
    const text = async (name: string) => (await sample.getByRole('region', { name }).innerText()).replace(/\s+/g, ' ');
    expect([await text('Chosen'), await text('Rejected')]).toEqual([
      `Chosen ${pair.chosen}`,
      `Rejected ${pair.rejected}`,
    ]);
    expect(await sample.getByRole('region', { name: 'Old' }).count()).toBe(0);
    const rows = await sample.getByRole('row').allInnerTexts();
    expect(rows.map((row) => row.replace(/\s+/g, ' ').trim())).toEqual([
      'Old New Change',
      'Log-prob of the chosen −21.500 −26.000 −4.500',
      'Log-prob of the rejected −24.000 −23.250 +0.750',
      'Margin of log-probs 2.500 −2.750 −5.250',
      'Margin (score) 2.500 −2.750 −5.250',
      'Verdict right wrong',
    ]);
    // The list has the margins, where other suites have outputs.
    const list = await app.page.getByRole('grid', { name: 'Samples' }).innerText();
    expect([list.includes('2.500'), list.includes('given your seat away')]).toEqual([true, false]);

    await app.page.keyboard.press('b');
    await sample.getByText('hidden until it is judged').waitFor();
    expect(await sample.getByRole('row').count()).toBe(0);
    expect(app.complaints).toEqual([]);
    await app.close();
  });
});
