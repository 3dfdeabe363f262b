import { describe, expect, it } from 'vitest';
import { openDatasetImport } from '../../src-main/imports/index.ts';
import { assistant, rowReader, user } from './dataset-rows.ts';
import { failureOf, jsonl, read, tempFolder } from './fixtures.ts';

const folder = tempFolder();
const rowsOf = rowReader(folder);

async function notesOf(
  name: string,
  content: string,
): Promise<{ rows: unknown[]; problems: string[]; notes: string[] }> {
  const { rows, problems, stream } = await read(openDatasetImport(folder.write(name, content)));
  return { rows, problems, notes: stream.metadata().notes };
}

describe('a question under another name than prompt', () => {
  it.each(['question', 'query', 'input', 'user', 'instruction'])('takes “%s” of a pair as its prompt', async (name) => {
    const { rows } = await rowsOf([{ [name]: 'Colour?', chosen: 'Blue.', rejected: 'Green.' }]);
    expect(rows).toMatchObject([{ kind: 'preference', prompt: 'Colour?', chosen: 'Blue.', rejected: 'Green.' }]);
  });

  it('keeps the system prompt next to it, as Orca’s pairs have one', async () => {
    const { rows } = await rowsOf([{ system: 'Be short.', question: 'Colour?', chosen: 'Blue.', rejected: 'Green.' }]);
    expect(rows).toMatchObject([
      { prompt: [{ role: 'system', content: 'Be short.' }, user('Colour?')], chosen: [assistant('Blue.')] },
    ]);
  });

  it('leaves texts alone that hold the question themselves, and a prompt of its own', async () => {
    expect((await rowsOf([{ question: 'Q:', chosen: 'Q: yes', rejected: 'Q: no' }])).rows).toMatchObject([
      { prompt: 'Q:', chosen: ' yes', rejected: ' no' },
    ]);
    expect((await rowsOf([{ prompt: 'p', input: 'x', chosen: 'a', rejected: 'b' }])).rows).toMatchObject([
      { prompt: 'p' },
    ]);
  });

  it('follows a mapping before any name', async () => {
    const record = { question: 'no', ask: 'yes', chosen: 'a', rejected: 'b' };
    expect((await rowsOf([record], { map: { prompt: 'ask' } })).rows).toMatchObject([{ prompt: 'yes' }]);
  });
});

describe('turns written into a text', () => {
  const turns = [user('u'), assistant('a')];
  const python = `[{'role': 'user', 'content': 'u'}, {'role': 'assistant', 'content': "it's"}]`;

  it('reads JSON and Python’s repr as turns', async () => {
    const record = { prompt: 'u', chosen: JSON.stringify(turns), rejected: python };
    expect((await rowsOf([record])).rows).toMatchObject([
      { prompt: [user('u')], chosen: [assistant('a')], rejected: [assistant("it's")] },
    ]);
    expect((await rowsOf([{ messages: JSON.stringify(turns) }])).rows).toMatchObject([
      { completion: [assistant('a')] },
    ]);
    const conversations = JSON.stringify([
      { from: 'human', value: 'u' },
      { from: 'gpt', value: 'a' },
    ]);
    expect((await rowsOf([{ conversations }])).rows).toMatchObject([{ completion: [assistant('a')] }]);
  });

  it('refuses what begins as turns and is broken, instead of teaching brackets', async () => {
    const broken = python.replace('}, {', '}\n {');
    const { problems } = await rowsOf([
      { prompt: 'u', chosen: 'a', rejected: 'b' },
      { prompt: 'u', chosen: broken, rejected: 'b' },
    ]);
    expect(problems).toEqual(['2 wrong-type chosen']);
  });

  it('keeps other texts in brackets', async () => {
    const record = { prompt: 'u', chosen: '[{"name": "Ann"}]', rejected: '[]' };
    expect((await rowsOf([record])).rows).toMatchObject([record]);
  });
});

describe('what belongs to a record', () => {
  const pair = { prompt: 'p', chosen: 'a', rejected: 'b' };

  it('refuses pictures and sounds in fields of their own, and not empty ones', async () => {
    const { rows, problems } = await rowsOf([
      pair,
      { ...pair, images: ['x.png'] },
      { ...pair, audio: { bytes: null, path: 'x.wav' } },
      { ...pair, images: [], image: null },
    ]);
    expect(rows).toHaveLength(2);
    expect(problems).toEqual(['2 unsupported-content images', '3 unsupported-content audio']);
  });

  it('says which fields nothing read', async () => {
    const { notes } = await notesOf('more.jsonl', jsonl([{ ...pair, margin: 2, source: 'x', none: null }, pair]));
    expect(notes).toEqual(['Fields that were not read: margin, source.']);
    const { notes: dropped } = await notesOf(
      'answers.jsonl',
      jsonl([{ prompt: 'p', chosen_response: 'a', rejected_response: 'b' }]),
    );
    expect(dropped).toEqual(['Fields that were not read: chosen_response, rejected_response.']);
    expect((await notesOf('all.jsonl', jsonl([pair]))).notes).toEqual([]);
  });

  it('leaves out a conversation whose last response is not to be learnt', async () => {
    const last = { ...assistant('bad'), weight: 0 };
    const { rows, problems, notes } = await notesOf(
      'weights.jsonl',
      jsonl([{ messages: [user('u'), last] }, { messages: [user('u'), { ...assistant('good'), weight: 1 }] }]),
    );
    expect([rows.length, problems, notes.length]).toEqual([1, [], 1]);
  });

  it('heeds a thumb down next to a response, whatever the fields are called', async () => {
    const { rows } = await rowsOf([{ prompt: 'p', response: 'c', kto_tag: false }]);
    expect(rows).toMatchObject([{ kind: 'unpaired', label: false }]);
    expect((await rowsOf([{ prompt: 'p', response: 'c', label: 'false' }])).rows).toMatchObject([
      { kind: 'unpaired', label: false },
    ]);
  });

  it('keeps to one kind of row, and names the line of another', async () => {
    const { rows, problems } = await rowsOf([
      { messages: [user('u'), assistant('a')] },
      { messages: [user('u'), assistant('a')], label: 0 },
    ]);
    expect([rows.length, problems]).toEqual([1, ['2 wrong-type']]);
  });

  it('refuses a prompt that is null where nothing else holds one', async () => {
    const { rows, problems } = await rowsOf([
      pair,
      { ...pair, prompt: null },
      { prompt: null, chosen: 'Hi a', rejected: 'Hi b' },
    ]);
    expect([rows.length, problems]).toEqual([2, ['2 wrong-type prompt']]);
  });
});

describe('more than one list in a file', () => {
  const rows = [
    { prompt: 'p', chosen: 'a', rejected: 'b' },
    { prompt: 'q', chosen: 'a', rejected: 'b' },
  ];

  it('says what follows the list, and what is next to it', async () => {
    const lines = rows.map((row) => `${JSON.stringify([row])}\n`).join('');
    expect(await notesOf('lines.json', lines)).toMatchObject({ rows: [{}], problems: ['2 bad-json'] });
    const splits = JSON.stringify({ train: rows, test: rows.slice(1), about: { by: 'me' } });
    const { rows: read, notes } = await notesOf('splits.json', splits);
    expect(read).toHaveLength(2);
    expect(notes.join()).toContain('“test” next to it was not');
  });

  it('takes the list that is called data before others', async () => {
    const text = JSON.stringify({ errors: [{ code: 1 }], data: rows });
    expect((await notesOf('named.json', text)).rows).toHaveLength(2);
  });

  it('tells a document that was written twice', async () => {
    const text = JSON.stringify({ data: rows }).repeat(2);
    expect((await notesOf('twice.json', text)).problems).toEqual(['1 truncated']);
  });
});

describe('files that hold no records', () => {
  it.each([
    ['version https://git-lfs.github.com/spec/v1\noid sha256:0\n', 'a.jsonl', 'git lfs pull'],
    ['<!doctype html><html></html>', 'b.jsonl', 'it is a web page'],
    ['SQLite format 3\0', 'c.db', 'SQLite'],
    ['ARROW1\0\0', 'd.arrow', 'it is an Arrow file'],
    ["{'prompt': 'p'}\n", 'e.jsonl', 'line 1'],
    ['{"prompt": "p",}\n', 'f.jsonl', 'line 1'],
  ])('says what %j is', async (content, name, word) => {
    expect(await failureOf(openDatasetImport(folder.write(name, content)))).toContain(word);
  });

  it('reads a text per line in quotes, and a table’s header as one', async () => {
    expect((await notesOf('texts.jsonl', '"hello"\n"wide world"\n')).rows).toMatchObject([
      { completion: 'hello' },
      { completion: 'wide world' },
    ]);
    expect((await notesOf('quoted.csv', '"prompt","completion"\n"a","b"\n')).rows).toMatchObject([{ prompt: 'a' }]);
  });

  it('names the files of a folder, and how a saved dataset is written as Parquet', async () => {
    folder.write('parts/one.jsonl', jsonl([{ text: 'a' }]));
    expect(await failureOf(openDatasetImport(folder.path('parts')))).toContain('one.jsonl');
    folder.write('saved/dataset_info.json', '{}');
    folder.write('saved/data-00000-of-00001.arrow', 'ARROW1');
    expect(await failureOf(openDatasetImport(folder.path('saved')))).toContain('to_parquet');
  });
});
