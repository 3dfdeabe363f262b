import { expect, test } from 'vitest';
import type { FlipExportRow } from '../../src-main/store/api.ts';
import { addEvaluation, compare, sample, testStore } from './workspace.ts';

test('of a pair the rejected response is never an output, nor read for kinds of change', async () => {
  const store = await testStore();
  const suite = await store.beginSuite({ name: 'pairs', kind: 'pairs', origin: 'held-out', import: null });
  const item = {
    kind: 'pairs' as const,
    id: '0',
    prompt: 'p',
    chosen: 'Yes, of course.',
    rejected: 'I cannot help with that.',
  };
  await suite.push([item]);
  const suiteId = await suite.commit();
  // As the trainer says it: the text kept with a pair is its rejected response.
  const texts = { prompt: item.prompt, target: item.chosen, output: item.rejected };
  const metrics = (chosen: number, rejected: number) => ({ 'logps/chosen': chosen, 'logps/rejected': rejected });
  const old = [sample('0', 'right', { ...texts, score: 2, metrics: metrics(-10, -12) })];
  const now = [sample('0', 'wrong', { ...texts, score: -1, metrics: metrics(-13, -12) })];
  const left = await addEvaluation(store, 'l', old, { suiteId, suiteName: 'pairs' });
  const right = await addEvaluation(store, 'r', now, { suiteId, suiteName: 'pairs' });
  const { id } = await compare(store, left, right);

  const sort = { column: 'sampleId', direction: 'ascending' } as const;
  const { viewId } = await store.openFlipView(id, {}, sort);
  const [row] = await store.flipWindow(viewId, 0, 1);
  expect([row?.leftOutput, row?.rightOutput, row?.leftScore, row?.rightScore]).toEqual([null, null, 2, -1]);
  expect(await store.sampleDetail(id, row?.sampleKey ?? 0)).toMatchObject({
    kind: 'negative',
    target: item.chosen,
    rejected: item.rejected,
    left: { output: null, score: 2, metrics: metrics(-10, -12) },
    right: { output: null, score: -1, metrics: metrics(-13, -12) },
    changes: [],
    parting: null,
  });
  const exported: FlipExportRow[] = [];
  await store.streamFlips(id, {}, sort, async (rows) => {
    exported.push(...rows);
  });
  expect(exported).toMatchObject([
    { target: item.chosen, rejected: item.rejected, leftOutput: null, rightOutput: null },
  ]);
  await store.findKinds(id);
  const [again] = await store.flipWindow(viewId, 0, 1);
  expect(again?.changes).toEqual([]);
});
