import { expect, test } from 'vitest';
import type { DatasetRow } from '../../src-main/shared/domain/datasets.ts';
import type { SuiteItem } from '../../src-main/shared/domain/evaluations.ts';
import { addEvaluation, compare, comparisonOf, sample, testStore } from './workspace.ts';

const byId = { column: 'sampleId', direction: 'ascending' } as const;

test('annotations narrow views and can be undone once', async () => {
  const store = await testStore();
  const { id } = await comparisonOf(store, [
    ['right', 'wrong'],
    ['right', 'wrong'],
  ]);
  const rows = async (): Promise<[string, number | null, boolean][]> => {
    const view = await store.openFlipView(id, {}, byId);
    return (await store.flipWindow(view.viewId, 0, 10)).map((row) => [row.sampleId, row.label, row.reviewed]);
  };
  const { sampleKeys } = await store.flipVectors(id, {});
  await store.annotate(id, [sampleKeys[0] ?? 0], { label: 2, note: 'odd' });
  const { undoToken } = await store.annotate(id, [...sampleKeys], { reviewed: true });
  expect(await rows()).toEqual([
    ['0', 2, true],
    ['1', null, true],
  ]);
  expect((await store.openFlipView(id, { labels: [2], reviewed: true }, byId)).total).toBe(1);
  expect((await store.flipFacets(id, {})).labels).toEqual([{ value: '2', count: 1, negative: 1 }]);
  await store.undoAnnotation(undoToken);
  expect(await rows()).toEqual([
    ['0', 2, false],
    ['1', null, false],
  ]);
  expect(await store.annotations(id)).toMatchObject([{ label: 2, note: 'odd', reviewed: false, leftVerdict: null }]);
  await expect(store.undoAnnotation(undoToken)).rejects.toMatchObject({ code: 'not-found' });
  await expect(store.removeEvaluation((await store.listEvaluations())[0]?.id ?? '')).rejects.toMatchObject({
    code: 'conflict',
  });
});

test('an override stands next to the original verdict', async () => {
  const store = await testStore();
  const { id } = await comparisonOf(store, [['right', 'wrong']]);
  const { sampleKeys } = await store.flipVectors(id, {});
  await store.annotate(id, [...sampleKeys], { rightVerdict: 'right' });
  expect(await store.sampleDetail(id, sampleKeys[0] ?? 0)).toMatchObject({
    sampleId: '0',
    kind: 'kept-right',
    kindAsEvaluated: 'negative',
    prompt: 'prompt 0',
    target: 'target 0',
    left: { output: 'output 0', verdict: 'right' },
    right: { verdict: 'wrong' },
    annotation: { rightVerdict: 'right' },
  });
  expect(await store.sampleDetail(id, 12345)).toBeNull();
});

test('tags are put on samples and taken off', async () => {
  const store = await testStore();
  const { id } = await comparisonOf(store, [
    ['right', 'wrong'],
    ['right', 'right'],
  ]);
  const { sampleKeys } = await store.flipVectors(id, {});
  await store.tagSamples([...sampleKeys], 'hard', true);
  await store.tagSamples([sampleKeys[1] ?? 0], 'hard', false);
  expect((await store.openFlipView(id, { tags: ['hard', 'unknown'] }, byId)).total).toBe(1);
  expect((await store.sampleDetail(id, sampleKeys[0] ?? 0))?.tags).toEqual(['hard']);
});

test('a second evaluation of the same models tells solid flips from flaky ones', async () => {
  const store = await testStore();
  const { id } = await comparisonOf(store, [
    ['right', 'wrong'],
    ['right', 'wrong'],
    ['right', 'wrong'],
  ]);
  const leftAgain = await addEvaluation(store, 'left again', [sample('0', 'right'), sample('1', 'wrong')]);
  await store.setNoiseFloor(id, leftAgain, null);
  const view = await store.openFlipView(id, {}, byId);
  expect((await store.flipWindow(view.viewId, 0, 9)).map((row) => row.stability)).toEqual(['solid', 'flaky', null]);
  expect((await store.openFlipView(id, { stability: ['flaky'] }, byId)).total).toBe(1);
  expect((await store.flipFacets(id, {})).stability).toEqual([
    { value: 'flaky', count: 1, negative: 1 },
    { value: 'solid', count: 1, negative: 1 },
  ]);
  await store.setNoiseFloor(id, null, null);
  expect((await store.flipFacets(id, {})).stability).toEqual([]);
});

test('guard sets freeze chosen samples as rows that hold to the old output', async () => {
  const store = await testStore();
  const left = await addEvaluation(store, 'l', [
    sample('0', 'right'),
    sample('1', 'right', { output: '', target: undefined }),
  ]);
  const right = await addEvaluation(store, 'r', [
    sample('0', 'wrong', { output: 'new' }),
    sample('1', 'wrong', { target: undefined }),
  ]);
  const { id } = await compare(store, left, right);
  const view = await store.openFlipView(id, { kinds: ['negative'] }, byId);
  const set = await store.addGuardSet({ name: 'guard', note: 'n', comparisonId: id, viewId: view.viewId });
  expect(set).toMatchObject({ name: 'guard', samples: 1, skipped: 1, comparisonId: id });
  const [key] = await store.guardSetSampleKeys(set.id);
  expect(await store.guardSetRows(set.id)).toEqual([
    {
      kind: 'preference',
      id: `sample-${key}`,
      prompt: 'prompt 0',
      chosen: 'target 0',
      rejected: 'new',
      guardTarget: 'output 0',
    },
  ]);
  await expect(store.addGuardSet({ name: 'g', note: '', comparisonId: id, sampleKeys: [99999] })).rejects.toMatchObject(
    { code: 'not-found' },
  );
  expect(await store.listGuardSets()).toHaveLength(1);
  await store.removeGuardSet(set.id);
  expect(await store.listGuardSets()).toEqual([]);
});

test('in a suite of pairs the guard holds to the chosen response', async () => {
  const store = await testStore();
  const suite = await store.beginSuite({ name: 'pairs', kind: 'pairs', origin: 'held-out', import: null });
  await suite.push([{ kind: 'pairs', id: '0', prompt: 'p', chosen: 'c', rejected: 'r' }]);
  const suiteId = await suite.commit();
  const results = [sample('0', 'right', { prompt: 'p', target: 'c', output: 'r' })];
  const left = await addEvaluation(store, 'l', results, { suiteId, suiteName: 'pairs' });
  const right = await addEvaluation(store, 'r', results, { suiteId, suiteName: 'pairs' });
  const { id } = await compare(store, left, right);
  const { sampleKeys } = await store.flipVectors(id, {});
  const set = await store.addGuardSet({ name: 'g', note: '', comparisonId: id, sampleKeys: [...sampleKeys] });
  expect(await store.guardSetRows(set.id)).toMatchObject([
    { prompt: 'p', chosen: 'c', rejected: 'r', guardTarget: 'c' },
  ]);
});

test('of running text the guard holds to what goes on, behind all that the suite has in front of it', async () => {
  const store = await testStore();
  const before = 'Once there was a dog. '.repeat(20);
  const suites = {
    words: { item: { kind: 'words', id: 'story@1', text: `${before}It barked.` }, id: `story@1@${before.length + 3}` },
    cloze: { item: { kind: 'cloze', id: 'last', prompt: 'It', target: 'barked' }, id: 'last' },
    choice: { item: { kind: 'choice', id: 'best', prompt: 'It', options: ['barked', 'sang'], answer: 0 }, id: 'best' },
  } satisfies Record<string, { item: SuiteItem; id: string }>;
  const rows: DatasetRow[] = [];
  for (const [name, { item, id }] of Object.entries(suites)) {
    const suite = await store.beginSuite({ name, kind: item.kind, origin: 'demo', import: null });
    await suite.push([item]);
    const suiteId = await suite.commit();
    // A word's sample shows the end of its context alone.
    const shown = { prompt: name === 'words' ? '…a dog. It ' : 'It', target: 'barked' };
    const old = [sample(id, 'right', { ...shown, output: 'barked' })];
    const left = await addEvaluation(store, `${name} l`, old, { suiteId, suiteName: name });
    const now = [sample(id, 'wrong', { ...shown, output: 'sang' })];
    const right = await addEvaluation(store, `${name} r`, now, { suiteId, suiteName: name });
    const comparison = await compare(store, left, right);
    const { sampleKeys } = await store.flipVectors(comparison.id, {});
    const set = await store.addGuardSet({
      name,
      note: '',
      comparisonId: comparison.id,
      sampleKeys: [...sampleKeys],
    });
    rows.push(...(await store.guardSetRows(set.id)));
  }
  const piece = { chosen: ' barked', rejected: ' sang', guardTarget: ' barked', continues: true };
  expect(rows).toMatchObject([
    { prompt: `${before}It `, chosen: 'barked', rejected: 'sang', guardTarget: 'barked', continues: true },
    { prompt: 'It', ...piece },
    { prompt: 'It', ...piece },
  ]);
});

test('settings, filters and reports are kept', async () => {
  const store = await testStore();
  await store.setSetting('theme', 'dark');
  await store.setSetting('theme', 'light');
  expect([await store.getSetting('theme'), await store.getSetting('none'), await store.listSettings()]).toEqual([
    'light',
    null,
    { theme: 'light' },
  ]);
  const filter = await store.saveFilter('mine', '?kinds=negative');
  expect(await store.listSavedFilters()).toEqual([filter]);
  await store.removeFilter(filter.id);
  await expect(store.removeFilter(filter.id)).rejects.toMatchObject({ code: 'not-found' });
  const report = await store.addReport({
    title: 't',
    format: 'html',
    subject: { kind: 'run', runId: 'r' },
    fileName: 'r.html',
    sizeBytes: 3,
  });
  expect(await store.listReports()).toEqual([report]);
  const model = await store.addModel({
    name: 'm',
    path: '/m',
    family: 'llama',
    parameters: 1,
    sizeBytes: 2,
    sha256: 'x',
    origin: 'imported',
    state: 'present',
  });
  expect(await store.listModels()).toEqual([model]);
  await store.removeModel(model.id);
  expect(await store.listModels()).toEqual([]);
});
