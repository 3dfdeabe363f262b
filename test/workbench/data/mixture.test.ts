import { describe, expect, test } from 'vitest';
import type { PreferenceRow } from '../../../src-main/shared/domain/datasets.ts';
import { openTestWorkbench, pairRows, smallModel, tinySpec, withSmallModel } from '../../helpers/workbench.ts';
import { quietTask } from '../../../src-main/workbench/supervision/task.ts';

describe.skipIf(smallModel === null)(`a run on a mixture${withSmallModel}`, () => {
  test('sees each dataset by its weight, holds out pairs of each, and says how each fared', async () => {
    const workbench = await openTestWorkbench();
    await workbench.models.add(smallModel!, { name: 'small' }, quietTask());
    // The same ids in both: what tells them apart is the dataset.
    const other = pairRows.map((row): PreferenceRow => ({ ...row, prompt: `One day there was ${row.id}` }));
    await workbench.imports.addDataset('a', pairRows);
    await workbench.imports.addDataset('b', other.slice(0, 8));
    const spec = tinySpec({
      dataset: { train: [{ name: 'a', weight: 2 }, { name: 'b' }], heldOut: 0.25 },
      evaluate: { suites: ['held-out-pairs'] },
      batch: { size: 4, maxLength: 64 },
      steps: 6,
    });
    const run = await workbench.runs.launch({ spec });
    const ended = await workbench.runs.ended(run.id);
    const sources = await workbench.core.store.runSources(run.id, 100);
    const evaluations = await workbench.core.store.listEvaluations({ runId: run.id });
    expect(ended).toMatchObject({ status: 'finished', step: 6 });
    // 9 rows of a twice and 6 of b once: one pass of 24 in six steps of four.
    expect(
      sources.map(({ name, weight, rowsSeen, samplesSeen, share }) => ({ name, weight, rowsSeen, samplesSeen, share })),
    ).toEqual([
      { name: 'a', weight: 2, rowsSeen: 9, samplesSeen: 18, share: 0.75 },
      { name: 'b', weight: 1, rowsSeen: 6, samplesSeen: 6, share: 0.25 },
    ]);
    expect(sources.map(({ series }) => series.map(({ name }) => name))).toEqual([
      ['loss', 'rewards/margins'],
      ['loss', 'rewards/margins'],
    ]);
    expect(new Set(evaluations.map(({ suiteName, samples }) => `${suiteName}: ${samples}`))).toEqual(
      new Set(['held-out-pairs a 25%: 3', 'held-out-pairs b 25%: 2']),
    );
  });

  test('a mixture names what is wrong with it', async () => {
    const workbench = await openTestWorkbench();
    await workbench.models.add(smallModel!, { name: 'small' }, quietTask());
    await workbench.imports.addDataset('a', pairRows);
    await workbench.imports.addDataset('p', [{ kind: 'prompt', id: '1', prompt: 'x' }]);
    const check = (train: unknown) =>
      workbench.runs.check({ spec: { ...tinySpec({ evaluate: {} }), dataset: { train } } }, undefined);
    const paths = async (train: unknown) => (await check(train)).issues.map(({ path }) => path);
    expect([
      await paths([{ name: 'a' }, { name: 'nobody' }]),
      await paths([{ name: 'a' }, { name: 'p' }]),
      await paths([{ name: 'a' }, { name: 'a', weight: 2 }]),
      await paths([{ name: 'a', weight: 0 }]),
    ]).toEqual([['dataset.train.1.name'], ['dataset.train.1.name'], ['dataset.train'], ['dataset.train.0.weight']]);
  });
});
