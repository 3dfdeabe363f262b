import { expect, test } from 'vitest';
import { previewCharacters } from '../../src-main/shared/domain/flip-view.ts';
import { addEvaluation, compare, sample, testStore } from './workspace.ts';

const prompt = `${'Once upon a time. '.repeat(30)}Then Lily picked up her`;

test.each([
  ['words', true],
  ['cloze', true],
  ['choice', false],
] as const)('of a long prompt of a suite of %s the list has the end: %s', async (kind, continues) => {
  const store = await testStore();
  const suite = await store.beginSuite({ name: kind, kind, origin: 'imported', import: null });
  const suiteId = await suite.commit();
  const about = { suiteId, suiteName: kind };
  const left = await addEvaluation(
    store,
    'l',
    [sample('0', 'right', { prompt }), sample('1', 'right', { prompt: 'p' })],
    about,
  );
  const right = await addEvaluation(
    store,
    'r',
    [sample('0', 'wrong', { prompt }), sample('1', 'wrong', { prompt: 'p' })],
    about,
  );
  const { id } = await compare(store, left, right);
  const { viewId } = await store.openFlipView(id, {}, { column: 'sampleId', direction: 'ascending' });
  const [long, short] = await store.flipWindow(viewId, 0, 2);
  expect([long?.continues, short?.prompt]).toEqual([continues, 'p']);
  expect(long?.prompt).toBe(continues ? `…${prompt.slice(1 - previewCharacters)}` : prompt.slice(0, previewCharacters));
  expect((await store.sampleDetail(id, long?.sampleKey ?? -1))?.continues).toBe(continues);
  const { rows } = await store.evaluationSamples(left, 'all', 0, 2);
  expect(rows[0]?.prompt).toBe(continues ? prompt.slice(-400) : prompt.slice(0, 400));
});
