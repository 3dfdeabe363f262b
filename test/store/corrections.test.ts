import { expect, test } from 'vitest';
import { ratesOf } from '../../src-main/shared/presentation/rates.ts';
import { flipKinds } from '../../src-main/shared/domain/flips.ts';
import { comparisonOf, testStore } from './workspace.ts';

const negative = flipKinds.indexOf('negative');

test('a verdict corrected by hand enters every number, and undoing it takes it out again', async () => {
  const store = await testStore();
  const { id } = await comparisonOf(store, [
    ['right', 'wrong'],
    ['right', 'wrong'],
    ['right', 'right'],
    ['wrong', 'wrong'],
  ]);
  const [first] = await store.flipVectors(id, { kinds: ['negative'] }).then(({ sampleKeys }) => [...sampleKeys]);
  const shown = async () => {
    const record = await store.getComparison(id);
    const { kinds } = await store.flipVectors(id, {});
    const evaluated = await store.flipVectors(id, { verdicts: 'as-evaluated' });
    return {
      list: record === null ? null : ratesOf(record.counts).negative,
      now: [...kinds].filter((kind) => kind === negative).length,
      asEvaluated: [...evaluated.kinds].filter((kind) => kind === negative).length,
      corrected: (await store.flipFacets(id, {})).corrected,
      matching: (await store.flipFacets(id, { kinds: ['negative'] })).matching,
      detail: (await store.sampleDetail(id, first ?? 0))?.kind,
      counts: record?.counts.corrected?.samples,
    };
  };
  const untouched = {
    list: 2,
    now: 2,
    asEvaluated: 2,
    corrected: [],
    matching: 2,
    detail: 'negative',
    counts: undefined,
  };
  expect(await shown()).toEqual(untouched);

  const { undoToken } = await store.annotate(id, [first ?? 0], { rightVerdict: 'right' });
  expect(await shown()).toEqual({
    list: 1,
    now: 1,
    asEvaluated: 2,
    corrected: [{ value: 'yes', count: 1, negative: 0 }],
    matching: 1,
    detail: 'kept-right',
    counts: 1,
  });
  const view = await store.openFlipView(id, { corrected: true }, { column: 'sampleId', direction: 'ascending' });
  expect(await store.flipWindow(view.viewId, 0, 9)).toMatchObject([
    { kind: 'kept-right', rightVerdict: 'right', corrected: true },
  ]);

  await store.undoAnnotation(undoToken);
  expect(await shown()).toEqual(untouched);
  // The verdict that the evaluation gave is no correction.
  await store.annotate(id, [first ?? 0], { rightVerdict: 'wrong' });
  expect(await shown()).toEqual(untouched);
});

test('under the margin rule, which knows no verdicts, a corrected one changes nothing', async () => {
  const store = await testStore();
  const { id } = await comparisonOf(
    store,
    [
      ['right', 'wrong'],
      ['right', 'right'],
    ],
    { kind: 'margin', tau: 0, direction: 'higher' },
  );
  const before = await store.getComparison(id);
  const { sampleKeys } = await store.flipVectors(id, {});
  await store.annotate(id, [...sampleKeys], { rightVerdict: 'right' });
  expect(ratesOf((await store.getComparison(id))!.counts)).toEqual(ratesOf(before!.counts));
});
