import { describe, expect, it } from 'vitest';
import { detectFormat, openDatasetImport } from '../../src-main/imports/index.ts';
import { assistant, rowReader, user } from './dataset-rows.ts';
import { jsonl, read, tempFolder } from './fixtures.ts';

const folder = tempFolder();
const rowsOf = rowReader(folder);

describe('TRL preference', () => {
  it('keeps an explicit prompt', async () => {
    const { rows, format } = await rowsOf([
      { id: 7, prompt: 'The sky is', chosen: ' blue.', rejected: ' green.', tags: ['sky'] },
    ]);
    expect([format, rows]).toEqual([
      'trl',
      [{ kind: 'preference', id: '7', prompt: 'The sky is', chosen: ' blue.', rejected: ' green.', tags: ['sky'] }],
    ]);
  });

  it('cuts an implicit prompt off both texts, the blank going to the responses', async () => {
    const { rows } = await rowsOf([{ chosen: 'The sky is blue.', rejected: 'The sky is green.' }]);
    expect(rows).toMatchObject([{ prompt: 'The sky is', chosen: ' blue.', rejected: ' green.' }]);
  });

  it('never cuts through a surrogate pair', async () => {
    const { rows } = await rowsOf([{ chosen: 'a😀', rejected: 'a😁' }]);
    expect(rows).toMatchObject([{ prompt: 'a', chosen: '😀', rejected: '😁' }]);
  });

  it('cuts shared turns off conversations', async () => {
    const turns = [user('Colour?'), assistant('Blue.')];
    const other = [user('Colour?'), assistant('Green.')];
    const expected = { prompt: [turns[0]], chosen: [turns[1]], rejected: [other[1]] };
    expect((await rowsOf([{ chosen: turns, rejected: other }])).rows).toMatchObject([expected]);
    expect((await rowsOf([{ prompt: [turns[0]], chosen: [turns[1]], rejected: [other[1]] }])).rows).toMatchObject([
      expected,
    ]);
    // UltraFeedback: the prompt as text, and again in both conversations.
    expect((await rowsOf([{ prompt: 'Colour?', chosen: turns, rejected: other }])).rows).toMatchObject([expected]);
    expect((await rowsOf([{ prompt: 'Colour?', chosen: [turns[1]], rejected: [other[1]] }])).rows).toMatchObject([
      expected,
    ]);
  });

  it('refuses what prefers nothing', async () => {
    const good = { prompt: 'p', chosen: 'a', rejected: 'b' };
    const { rows, problems } = await rowsOf([
      good,
      good,
      { prompt: 'p', chosen: 'a', rejected: 'a' },
      { prompt: 'p', chosen: '', rejected: 'a' },
      { chosen: 'ab', rejected: 'abc' },
      { prompt: 'p', chosen: 'a', rejected: [assistant('b')] },
      { prompt: 'p', chosen: 'a' },
      { prompt: 'p', chosen: [user('q'), { role: 'assistant', content: [{ type: 'image' }] }], rejected: [user('q')] },
      good,
      good,
      good,
      good,
    ]);
    expect(rows).toHaveLength(6);
    expect(problems).toEqual([
      '3 identical rejected',
      '4 empty chosen',
      '5 empty chosen',
      '6 wrong-type rejected',
      '7 missing-field rejected',
      '8 unsupported-content chosen[1].content',
    ]);
  });

  it('numbers rows whose content comes again', async () => {
    const row = { prompt: 'p', chosen: 'a', rejected: 'b' };
    const { rows, stream } = await read(openDatasetImport(folder.write('twice.jsonl', jsonl([row, row, row]))));
    const [first = ''] = rows.map(({ id }) => id);
    expect(rows.map(({ id }) => id)).toEqual([first, `${first}#2`, `${first}#3`]);
    expect(stream.metadata().ids).toBe('content');
  });
});

describe('other dataset formats', () => {
  it('reads unpaired preference with labels in words and numbers', async () => {
    const { rows, problems, format } = await rowsOf([
      { prompt: 'p', completion: 'c', label: true },
      { prompt: 'p', completion: 'd', label: 0 },
      { prompt: 'p', completion: 'e', label: 'maybe' },
      { prompt: 'p', completion: 'e', label: null },
    ]);
    expect(format).toBe('unpaired');
    expect(rows.map((row) => row.kind === 'unpaired' && row.label)).toEqual([true, false]);
    expect(problems).toEqual(['3 unknown-verdict label', '4 unknown-verdict label']);
  });

  it('reads Alpaca with input, system, history and preferences', async () => {
    const { rows, format } = await rowsOf([
      { instruction: 'Add.', input: '1+1', output: '2' },
      { instruction: 'Hi', input: '', output: 'Hello', system: 'Be kind.', history: [['a', 'b']] },
    ]);
    expect(format).toBe('alpaca');
    expect(rows).toEqual([
      { kind: 'completion', id: '', prompt: 'Add.\n\n1+1', completion: '2' },
      {
        kind: 'completion',
        id: '',
        prompt: [{ role: 'system', content: 'Be kind.' }, user('a'), assistant('b'), user('Hi')],
        completion: [assistant('Hello')],
      },
    ]);
    const pairs = await rowsOf([{ instruction: 'Hi', chosen: 'Hello', rejected: 'No.' }]);
    expect(pairs.rows).toEqual([{ kind: 'preference', id: '', prompt: 'Hi', chosen: 'Hello', rejected: 'No.' }]);
  });

  it('reads ShareGPT as completion, preference and unpaired', async () => {
    const human = { from: 'human', value: 'Hi' };
    const gpt = (value: string): object => ({ from: 'gpt', value });
    const { rows, problems, format } = await rowsOf([
      { conversations: [human, gpt('Hello')] },
      { conversations: [human] },
    ]);
    const pairs = await rowsOf([{ conversations: [human], chosen: gpt('Hello'), rejected: gpt('No.') }]);
    const labelled = await rowsOf([{ conversations: [human, gpt('Hello')], label: false }]);
    expect(format).toBe('sharegpt');
    expect([...rows, ...pairs.rows, ...labelled.rows]).toEqual([
      { kind: 'completion', id: '', prompt: [user('Hi')], completion: [assistant('Hello')] },
      { kind: 'preference', id: '', prompt: [user('Hi')], chosen: [assistant('Hello')], rejected: [assistant('No.')] },
      { kind: 'unpaired', id: '', prompt: [user('Hi')], completion: [assistant('Hello')], label: false },
    ]);
    expect(problems).toEqual(['2 missing-field conversations']);
  });

  it.each([
    ['prompt-completion', { prompt: 'p', completion: 'c' }, { kind: 'completion', prompt: 'p', completion: 'c' }],
    ['prompt-only', { prompt: 'p', target: 4 }, { kind: 'prompt', prompt: 'p', target: '4' }],
    ['language-modeling', { text: 't' }, { kind: 'completion', prompt: '', completion: 't' }],
    [
      'language-modeling',
      { messages: [user('q'), assistant('a')] },
      { kind: 'completion', prompt: [user('q')], completion: [assistant('a')] },
    ],
  ])('reads %s', async (format, record, row) => {
    const read = await rowsOf([record]);
    expect([read.format, read.rows]).toEqual([format, [{ id: '', ...row }]]);
  });

  it('reads a JSON list of bare texts', async () => {
    const path = folder.write('stories.json', JSON.stringify(['Once upon a time.', 'The end.']));
    expect(await detectFormat(path, { purpose: 'dataset' })).toMatchObject({
      format: 'language-modeling',
      container: 'json',
    });
    expect((await read(openDatasetImport(path))).rows).toMatchObject([
      { completion: 'Once upon a time.' },
      { completion: 'The end.' },
    ]);
  });
});
