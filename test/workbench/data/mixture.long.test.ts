import { describe, expect, test } from 'vitest';
import { loadModel } from '../../../src-main/engine/checkpoint/load-model.ts';
import { chesOf } from '../../../src-main/engine/data/ches.ts';
import { tokenisePreferences } from '../../../src-main/engine/data/tokenise.ts';
import { loadTokenizer } from '../../../src-main/engine/tokenizer/tokenizer.ts';
import type { PreferenceRow } from '../../../src-main/shared/domain/datasets.ts';
import { findSuspects } from '../../../src-main/workbench/data/suspects.ts';
import { openFolder } from '../../../src-main/trainer/node-folders.ts';
import { openTestBackend } from '../../helpers/backend.ts';
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
    // Its suspects are rows of both datasets in one order; CHES is measured by the trainer, for every pair.
    const { core, comparisons } = workbench;
    const suspects = await findSuspects({ core, comparisons }, ended, { by: 'ches', ches: true }, quietTask());
    expect([suspects.datasetName, suspects.rows.length]).toEqual(['a + b', 20]);
    const ches = suspects.rows.map(({ scores }) => scores.ches ?? Number.NaN);
    expect(ches).toEqual(ches.toSorted((x, y) => y - x));
    await openTestBackend();
    const model = await loadModel(openFolder(smallModel!), { trainable: false });
    const tokenizer = await loadTokenizer(openFolder(smallModel!));
    const { samples } = tokenisePreferences(pairRows, tokenizer, 64);
    const direct = await chesOf(model, samples);
    model.dispose();
    const ofA = suspects.rows.filter(({ datasetName }) => datasetName === 'a').toSorted((x, y) => x.number - y.number);
    expect(ofA.map(({ rowId }) => rowId)).toEqual(pairRows.map(({ id }) => id));
    const gaps = ofA.map(({ scores }, i) => Math.abs((scores.ches ?? Number.NaN) - direct[i]!) / Math.abs(direct[i]!));
    expect(Math.max(...gaps)).toBeLessThan(1e-4);
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
