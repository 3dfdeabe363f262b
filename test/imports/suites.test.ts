import { describe, expect, it } from 'vitest';
import { type ImportOptions, openSuiteImport, parseFieldMap } from '../../src-main/imports/index.ts';
import type { SuiteItem, SuiteKind } from '../../src-main/shared/domain/evaluations.ts';
import { failureOf, jsonl, read, tempFolder } from './fixtures.ts';

const folder = tempFolder();

async function items(
  kind: SuiteKind,
  records: unknown[],
  options: ImportOptions = {},
): Promise<{ rows: SuiteItem[]; problems: string[] }> {
  return read(openSuiteImport(folder.write('suite.jsonl', jsonl(records)), { kind, ...options }));
}

describe('suites', () => {
  it('reads pairs, the prompt given or shared', async () => {
    const { rows } = await items('pairs', [
      { id: 1, prompt: 'p', chosen: 'a', rejected: 'b', slice: ['s', 't'] },
      { id: 2, prompt: null, chosen: 'It is good', rejected: 'It is bad' },
    ]);
    expect(rows).toEqual([
      { kind: 'pairs', id: '1', prompt: 'p', chosen: 'a', rejected: 'b', slices: ['s', 't'] },
      { kind: 'pairs', id: '2', prompt: 'It is', chosen: ' good', rejected: ' bad' },
    ]);
  });

  it('finds cloze items under other names, and refuses an empty target', async () => {
    const { rows, problems } = await items('cloze', [
      { id: 600, context: 'too', last_word: 'hurt' },
      { id: 601, context: 'too', last_word: '' },
    ]);
    expect(rows).toEqual([{ kind: 'cloze', id: '600', prompt: 'too', target: 'hurt' }]);
    expect(problems).toEqual(['2 empty last_word']);
  });

  it('reads words with and without prompt', async () => {
    const { rows } = await items('words', [
      { id: 'a', text: 'Once.' },
      { id: 'b', prompt: 'Say:', text: 'Twice.' },
    ]);
    expect(rows).toEqual([
      { kind: 'words', id: 'a', text: 'Once.' },
      { kind: 'words', id: 'b', prompt: 'Say:', text: 'Twice.' },
    ]);
  });

  it('reads answers as index, letter or text, also from lists written in CSV cells', async () => {
    const options = ['red', 'blue', 'B'];
    const record = (id: number, answer: unknown): object => ({ id, prompt: 'p', options, answer });
    const { rows, problems } = await items('choice', [
      record(1, 1),
      record(2, 'A'),
      record(3, 'blue'),
      record(4, 'B'),
      record(5, '0'),
      record(6, 3),
      record(7, 'Z'),
    ]);
    expect(rows.map((row) => row.kind === 'choice' && row.answer)).toEqual([1, 0, 1, 2, 0]);
    expect(problems).toEqual(['6 out-of-range answer', '7 out-of-range answer']);
    const csv = folder.write('choice.csv', 'question,choices,label\nq,"[""red"", ""blue""]",b\nq,red,a\n');
    const fromCsv = await read(openSuiteImport(csv, { kind: 'choice' }));
    expect(fromCsv.rows).toMatchObject([{ prompt: 'q', options: ['red', 'blue'], answer: 1 }]);
    expect(fromCsv.problems).toEqual(['3 wrong-type choices']);
  });

  it('reads generate with chats, by a mapping', async () => {
    const map = parseFieldMap('prompt=turns,target=gold');
    const { rows } = await items('generate', [{ turns: [{ role: 'user', content: 'Hi' }], gold: 4 }], { map });
    expect(rows).toMatchObject([{ kind: 'generate', prompt: [{ role: 'user', content: 'Hi' }], target: '4' }]);
  });

  it('says which field is lacking, and what there is', async () => {
    expect(await failureOf(items('cloze', [{ a: 1, b: 2 }]))).toBe(
      'bad-input: A suite of kind cloze needs prompt and target; the mapping “” has none. — Add prompt=path,target=path to the mapping. The records have: a, b.',
    );
    expect(await failureOf(items('cloze', [{ a: 1 }], { map: parseFieldMap('text=a') }))).toMatch(
      /unknown field “text”; accepted are id, prompt, target, slice\./,
    );
  });
});
