import { expect, test } from 'vitest';
import type { SampleResult } from '../../src-main/shared/domain/evaluations.ts';
import { addEvaluation, sample, testStore } from './workspace.ts';

const numbered = (count: number, from = 0, more: (i: number) => Partial<SampleResult> = () => ({})): SampleResult[] =>
  Array.from({ length: count }, (_, i) => sample(String(from + i), 'right', more(from + i)));

test('what other evaluations share is told by key, by content under other ids, and by ids whose targets agree', async () => {
  const store = await testStore();
  const own = await addEvaluation(store, 'own', numbered(40));
  const names = new Map<string, string>();
  const add = async (name: string, results: SampleResult[], suiteName = name) =>
    names.set(await addEvaluation(store, name, results, { suiteName }), name);
  await add('same samples', numbered(40), 'suite');
  await add('a part of them', numbered(10), 'suite');
  await add('a tenth in common', numbered(40, 36), 'suite');
  await add(
    'other ids',
    numbered(40, 600, (i) => ({ prompt: `prompt ${i - 600}`, target: `target ${i - 600}` })),
  );
  await add(
    'another template',
    numbered(40, 0, (i) => ({ prompt: `<user> prompt ${i}`, target: ` Target ${i}` })),
  );
  await add(
    'ids by accident',
    numbered(40, 0, (i) => ({ prompt: `question ${i}`, target: `answer ${i}` })),
  );
  await add(
    'the same two options',
    numbered(40, 0, (i) => ({ prompt: `question ${i}`, target: ['yes', 'no'][i % 2] ?? '' })),
  );
  const found = await store.partnersOf(own);
  expect(
    Object.fromEntries(found.map(({ evaluationId, shared, share }) => [names.get(evaluationId), [shared, share]])),
  ).toEqual({
    'same samples': [40, 1],
    'a part of them': [10, 1],
    'a tenth in common': [4, 0.1],
    'other ids': [40, 1],
    'another template': [40, 1],
    'ids by accident': [0, 0],
    'the same two options': [0, 0],
  });
});

test('fields that both sides have are offered to pair by', async () => {
  const store = await testStore();
  const withFields = (fields: Record<string, string>) => numbered(2, 0, () => ({ fields }));
  const left = await addEvaluation(store, 'l', withFields({ question_id: 'a', hint: 'b' }));
  const right = await addEvaluation(store, 'r', withFields({ question_id: 'a', other: 'c' }));
  expect(await store.pairFields(left, right)).toEqual(['question_id']);
});
