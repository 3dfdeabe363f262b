import { expect, test } from 'vitest';
import { addEvaluation, compare, sample, testStore } from './workspace.ts';

/** One task's questions as two programs write them: ids of their own, and a blank before the target. */
const written = (count: number, from: number, more: (i: number) => object) =>
  Array.from({ length: count }, (_, i) => sample(String(from + i), 'right', { prompt: `question ${i}`, ...more(i) }));

test('the same questions under other ids and with targets written otherwise pair by the prompt', async () => {
  const store = await testStore();
  const left = await addEvaluation(
    store,
    'l',
    written(5, 0, (i) => ({ target: ` word${i}` })),
    { suiteName: 'a' },
  );
  const right = await addEvaluation(
    store,
    'r',
    written(5, 600, (i) => ({ target: `word${i}` })),
    { suiteName: 'b' },
  );
  expect(await compare(store, left, right)).toMatchObject({
    pairing: 'prompt',
    pairingNote:
      'No id occurs on both sides; samples were paired by prompt. 5 of 5 pairs have their target written differently.',
    counts: { paired: 5 },
  });
});

test('prompts that differ in blanks alone pair, and it is said', async () => {
  const store = await testStore();
  const left = await addEvaluation(
    store,
    'l',
    written(4, 0, () => ({})),
    { suiteName: 'a' },
  );
  const right = await addEvaluation(
    store,
    'r',
    written(4, 9, (i) => ({ prompt: `question\n ${i} ` })),
    { suiteName: 'b' },
  );
  const comparison = await compare(store, left, right);
  expect([comparison.pairing, comparison.counts.paired]).toEqual(['prompt', 4]);
  expect(comparison.pairingNote).toContain('Blanks and line ends of the prompts were set aside.');
});

test('ids of one task stand where the targets bear them out, although a template changed every prompt', async () => {
  const store = await testStore();
  const left = await addEvaluation(
    store,
    'l',
    written(6, 0, (i) => ({ target: `t${i}` })),
  );
  // One prompt happens to be the same as another sample's: that is no reason to pair by content.
  const right = await addEvaluation(
    store,
    'r',
    written(6, 0, (i) => ({ target: `t${i}`, prompt: i === 0 ? 'question 3' : `<user> ${i}` })),
  );
  expect(await compare(store, left, right)).toMatchObject({ pairing: 'sample-id', counts: { paired: 6 } });
});

test.each([
  ['id', 'sample-id', 3],
  ['content', 'content-hash', 0],
  ['prompt', 'prompt', 2],
  ['field:doc', 'field', 1],
] as const)('pairs by %s where that is asked for, as a comparison of its own', async (pairBy, pairing, paired) => {
  const store = await testStore();
  const left = await addEvaluation(store, 'l', [
    sample('1', 'right', { prompt: 'p1', target: 'x', fields: { doc: 'a' } }),
    sample('2', 'right', { prompt: 'p2', target: 'x' }),
    sample('3', 'right', { prompt: 'p3', target: 'x' }),
  ]);
  const right = await addEvaluation(store, 'r', [
    sample('1', 'wrong', { prompt: 'p2', target: 'y' }),
    sample('2', 'wrong', { prompt: 'p1', target: 'y' }),
    sample('3', 'wrong', { prompt: 'other', target: 'y', fields: { doc: 'a' } }),
  ]);
  const opened = await store.openComparison(left, right, { kind: 'verdict', ties: 'excluded' }, pairBy);
  const built = await store.buildComparison(opened.id);
  expect(built).toMatchObject({ pairBy, pairing, counts: { paired } });
  expect((await compare(store, left, right)).id).not.toBe(built.id);
});

test('a field that a side lacks is refused by naming those both have', async () => {
  const store = await testStore();
  const left = await addEvaluation(store, 'l', [sample('1', 'right', { fields: { doc: 'a', uid: 'u' } })]);
  const right = await addEvaluation(store, 'r', [sample('2', 'right', { fields: { doc: 'b' } })]);
  const opened = await store.openComparison(left, right, { kind: 'verdict', ties: 'excluded' }, 'field:uid');
  await expect(store.buildComparison(opened.id)).rejects.toMatchObject({
    code: 'bad-input',
    remedy: 'Both have: doc.',
  });
});

test('says in words why half of a side is left over', async () => {
  const store = await testStore();
  const whole = await addEvaluation(
    store,
    'l',
    written(6, 0, () => ({})),
  );
  const part = await addEvaluation(
    store,
    'r',
    written(2, 0, () => ({})),
  );
  const other = await addEvaluation(
    store,
    'o',
    written(3, 0, () => ({ prompt: 'x', target: 'y' })),
    { suiteName: 'z' },
  );
  expect((await compare(store, whole, part)).pairingNote).toBe(
    '4 of 6 old and 0 of 2 new samples have no partner: the new evaluation holds a part of the old one’s samples (a limit, or a run that ended early?).',
  );
  expect((await compare(store, whole, other)).pairingNote).toContain(
    'These two share no sample (6 old, 3 new): they are of different tasks',
  );
});

test('several answers to a sample make its score and verdict, and mark it solid or flaky', async () => {
  const store = await testStore();
  const attempt = (number: number, verdict: 'right' | 'wrong') => ({
    number,
    verdict,
    score: verdict === 'right' ? 1 : 0,
    output: `answer ${number}`,
  });
  const answered = (verdicts: ('right' | 'wrong')[][]) =>
    verdicts.flatMap((own, i) =>
      own.map((verdict, j) => sample(String(i), verdict, { attempts: [attempt(j + 1, verdict)] })),
    );
  const left = await addEvaluation(
    store,
    'l',
    answered([
      ['right', 'right', 'right'],
      ['right', 'right', 'wrong'],
      ['right', 'wrong', 'wrong'],
      ['right', 'wrong'],
    ]),
  );
  const right = await addEvaluation(store, 'r', answered([0, 1, 2, 3].map(() => ['wrong', 'wrong', 'wrong'])));
  const comparison = await compare(store, left, right);
  expect(comparison.counts.kinds).toMatchObject({ negative: 2, 'kept-wrong': 1, tied: 1 });
  const view = await store.openFlipView(comparison.id, {}, { column: 'sampleId', direction: 'ascending' });
  const rows = await store.flipWindow(view.viewId, 0, 10);
  expect(rows.map(({ leftScore, leftVerdict, stability }) => [leftScore, leftVerdict, stability])).toEqual([
    [1, 'right', 'solid'],
    [2 / 3, 'right', 'flaky'],
    [1 / 3, 'wrong', 'flaky'],
    [0.5, 'tie', 'flaky'],
  ]);
  const detail = await store.sampleDetail(comparison.id, rows[1]?.sampleKey ?? 0);
  expect(detail?.left?.solved).toEqual({ attempts: 3, right: 2 });
  expect(detail?.left?.attempts?.map(({ verdict }) => verdict)).toEqual(['right', 'right', 'wrong']);
});
