import path from 'node:path';
import { expect, test } from 'vitest';
import { quietTask } from '../../../src-main/workbench/supervision/task.ts';
import { evaluationMap, openTestWorkbench, temporaryFolder, writeEvaluation } from '../../helpers/workbench.ts';

/** 24 samples, four to a story. In `sad` a story falls whole or not at all; in `glad` one sample of each story falls. */
const stories = { old: '1'.repeat(24), new: '000011110000011101110111' };
const extra = (i: number) => ({ story: `story ${Math.floor(i / 4)}`, mood: i < 12 ? 'sad' : 'glad' });

test('a slice counts the groups of its samples, as the whole does', async () => {
  const { imports, comparisons, core } = await openTestWorkbench();
  const folder = temporaryFolder();
  const map = { ...evaluationMap, cluster: 'story', slice: 'mood' };
  for (const [name, verdicts] of Object.entries(stories)) {
    const source = writeEvaluation(path.join(folder, `${name}.jsonl`), verdicts, extra);
    await imports.evaluation({ source, name, map }, quietTask());
  }
  const [left, right] = ['old', 'new'].map(
    async (name) => (await core.store.listEvaluations()).find((one) => one.name === name)?.id ?? '',
  );
  const { id } = await comparisons.ready((await left) ?? '', (await right) ?? '', undefined, quietTask());
  const { clustered, slices } = await comparisons.summary(id);
  expect(clustered?.nfr.clusters).toBe(6);
  const [glad, sad] = ['glad', 'sad'].map((slice) => slices.find(({ name }) => name === slice)?.nfr);
  // Three stories whose means are 1, 0, 1: variance of the mean 3/2 · Σ(mean − 2/3)² / 9 = 1/9, against (2/3 · 1/3) / 12.
  expect(sad).toMatchObject({ method: 'wilson-clustered', clusters: 3, value: 8 / 12 });
  expect(sad?.method === 'wilson-clustered' && sad.designEffect).toBeCloseTo(1 / 9 / (2 / 9 / 12), 12);
  // Stories that all fell alike tell nothing of a dependence.
  expect(glad).toMatchObject({ method: 'wilson-clustered', clusters: 3, value: 3 / 12, designEffect: 1 });
});
