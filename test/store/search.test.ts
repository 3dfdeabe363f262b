import { describe, expect, test } from 'vitest';
import type { FlipFilter } from '../../src-main/shared/domain/flip-view.ts';
import type { SampleResult } from '../../src-main/shared/domain/evaluations.ts';
import { rarestWindow } from '../../src-main/store/views/rare-window.ts';
import { textMatcher } from '../../src-main/store/views/text-match.ts';
import { matchExpression } from '../../src-main/store/views/search.ts';
import { addEvaluation, compare, sample, testStore } from './workspace.ts';

const samples: [id: string, prompt: string, left: string, right: string][] = [
  ['1', 'The cat sat on the mat.', 'purr', 'bark'],
  ['2', 'Concatenate two strings', 'ab', 'CAT'],
  ['3', 'Où est le café ?', 'là', 'nulle part'],
  ['4', 'say "hello" OR NOT (bye) AND *', 'x', 'y'],
  ['5', "Robert'); DROP TABLE samples;--", 'null \u0000 byte', '🐈‍⬛ cat emoji'],
  ['6', 'nothing here', '', ''],
];
const searches: [search: string, mode: FlipFilter['searchMode'], found: string[]][] = [
  ['cat', 'substring', ['1', '2', '5']],
  ['cat', 'word', ['1', '2', '5']],
  ['conca', 'substring', ['2']],
  ['conca', 'word', []],
  ['sat cat', 'word', ['1']],
  ['sat cat', 'substring', []],
  ['café', 'substring', ['3']],
  ['cafe', 'word', ['3']],
  ['concatenate TWO strings', 'substring', ['2']],
  ['concatenate two strinGS!', 'substring', []],
  ['le est le café ?', 'substring', []],
  ['où est le café ?', 'substring', ['3']],
  ['"hello" OR', 'substring', ['4']],
  ['hello NOT', 'word', ['4']],
  ['AND *', 'substring', ['4']],
  ['cat OR hello', 'word', []],
  ['body: cat', 'word', []],
  ["'); DROP TABLE", 'substring', ['5']],
  ['ca', 'substring', ['1', '2', '3', '5']],
  ['\u0000 byte', 'substring', ['5']],
  ['🐈‍⬛', 'substring', ['5']],
  ['***', 'word', []],
  ['   ', 'word', ['1', '2', '3', '4', '5', '6']],
  ['\ud83d', 'substring', []],
];

describe('text is found in prompts and outputs, hostile or not', () => {
  test('by reading', () => {
    const answers = searches
      .filter(([search]) => search.trim() !== '')
      .map(([search, mode = 'substring']) => {
        const matches = textMatcher(search, mode);
        return [search, mode, samples.filter(([, ...texts]) => texts.some(matches)).map(([id]) => id)];
      });
    expect(answers).toEqual(searches.filter(([search]) => search.trim() !== ''));
  });

  test('through the index, and by reading where it cannot answer', async () => {
    const store = await testStore();
    const results = (side: 2 | 3): SampleResult[] =>
      samples.map((row) => sample(row[0], 'right', { prompt: row[1], output: row[side] }));
    const { id } = await compare(
      store,
      await addEvaluation(store, 'l', results(2)),
      await addEvaluation(store, 'r', results(3)),
    );
    await store.settled();
    const answers: typeof searches = [];
    for (const [search, searchMode] of searches) {
      const filter = { search, ...(searchMode && { searchMode }) };
      const view = await store.openFlipView(id, filter, { column: 'sampleId', direction: 'ascending' });
      const rows = await store.flipWindow(view.viewId, 0, 10);
      answers.push([search, searchMode, rows.map((row) => row.sampleId)]);
    }
    expect(answers).toEqual(searches);
  });
});

test('neighbours share most words', async () => {
  const store = await testStore();
  const prompts = ['the red fox runs', 'the red fox sleeps', 'a blue whale swims', 'the fox'];
  const results = prompts.map((prompt, i) => sample(String(i), 'right', { prompt }));
  const { id } = await compare(
    store,
    await addEvaluation(store, 'l', results),
    await addEvaluation(store, 'r', results),
  );
  await store.settled();
  const { sampleKeys } = await store.flipVectors(id, {});
  const near = await store.neighbours(id, sampleKeys[0] ?? 0, 2);
  expect(near.map(({ sampleId, similarity }) => [sampleId, similarity])).toEqual([
    ['1', 3 / 5],
    ['3', 2 / 4],
  ]);
});

test('removing evaluations takes their texts out of the workspace', async () => {
  const store = await testStore();
  const left = await addEvaluation(store, 'l', [sample('1', 'right', { prompt: 'a very secret text' })]);
  const right = await addEvaluation(store, 'r', [sample('1', 'wrong', { prompt: 'a very secret text' })]);
  const { id } = await compare(store, left, right);
  await store.settled();
  await store.removeComparison(id);
  await store.removeEvaluation(left);
  await store.removeEvaluation(right);
  await store.settled();
  expect((await store.health()).counts.scores).toBe(0);
  expect(await store.checkIntegrity()).toBe('ok');
});

test('of a long search the rarest part is looked up', () => {
  const texts = ['the thing in the ring', 'the king', 'the other thing'];
  expect(rarestWindow('the thing with wings', texts)).toContain('w');
  expect(rarestWindow('abcdef', [])).toBe('abcdef');
});

test('what a person types becomes quoted phrases only', () => {
  expect(matchExpression('a"b" OR', 'substring')).toBe('"a""b"" OR"');
  expect(matchExpression('col:x NEAR(y', 'word')).toBe('"col:x" AND "NEAR(y"');
  expect(matchExpression('ab', 'substring')).toBeNull();
  expect(matchExpression('a\u0000bcd', 'substring')).toBeNull();
  expect(matchExpression('"" *', 'word')).toBeNull();
});
