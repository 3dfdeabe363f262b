import { mkdirSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { findJsonFault, lineOf } from '../../src-main/imports/recognise/json-fault.ts';
import { recogniseAll } from '../../src-main/imports/recognise/recognise.ts';
import { lmEvalMaterial } from '../browser/lm-eval-material.ts';
import { jsonl, tempFolder } from './fixtures.ts';
import { zipOf } from './zip-fixture.ts';

const signs = {
  workspaceMarker: 'flipguard-workspace.json',
  packedDatabase: 'workspace.sqlite',
  reportDataId: 'flipguard-report',
};
const folder = tempFolder();
const recognise = async (...paths: string[]) =>
  (await recogniseAll(paths, signs)).map(({ label, kind, reason }) => [label, kind, reason] as const);

const bytes = (...codes: number[]) => Buffer.from(codes);
const refused: [name: string, content: string | Uint8Array, why: string][] = [
  ['empty.jsonl', '', 'the file is empty'],
  ['photo.jsonl', bytes(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0), 'it is a picture (PNG)'],
  ['photo.csv', bytes(0xff, 0xd8, 0xff, 0xe0, 0, 16), 'it is a picture (JPEG)'],
  ['drawing.json', '<svg xmlns="http://www.w3.org/2000/svg"></svg>', 'it is a picture (SVG)'],
  ['paper.pdf', '%PDF-1.7\n%\u00e2\u00e3', 'it is a PDF document'],
  ['old.xls', bytes(0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1), 'it is an old Office document'],
  ['store.db', 'SQLite format 3\0', 'it is a SQLite database'],
  ['weights.gguf', 'GGUF\u0003\0\0\0', 'it is a model’s weights in GGUF'],
  ['table.arrow', 'ARROW1\0\0', 'it is an Arrow file'],
  [
    'noise.csv',
    bytes(...Array.from({ length: 256 }, (_, i) => i)),
    'it is a binary file of no kind that is known here',
  ],
  ['photo.jsonl.gz', gzipSync(bytes(0x89, 0x50, 0x4e, 0x47, 0, 0)), 'it is a picture (PNG), compressed'],
  ['wide.csv', Buffer.from('\ufeffa,b\n1,2\n', 'utf16le'), 'its text is UTF-16'],
  ['wider.csv', Buffer.from([0xff, 0xfe, 0, 0, 0x61, 0, 0, 0]), 'its text is UTF-32'],
  ['widest.json', Buffer.from([0, 0, 0xfe, 0xff, 0, 0, 0, 0x5b]), 'its text is UTF-32'],
  [
    'pandas.json',
    '{"prompt":{"0":"a","1":"b"},"output":{"0":"c","1":"d"}}',
    'it holds columns (“prompt”, “output”) and no records',
  ],
  [
    'filtered.json',
    '{\n "prompt": {"17": "a"},\n "output": {"17": "c"}\n}',
    'it holds columns (“prompt”, “output”) and no records',
  ],
  [
    'split.json',
    '{"columns":["prompt","output"],"index":[0],"data":[["a","b"]]}',
    'it holds columns (“columns”, “index”, “data”) and no records',
  ],
  [
    'lists.json',
    '{"prompt": ["a", "b"], "output": ["c", "d"]}',
    'it holds columns (“prompt”, “output”) and no records',
  ],
  ['alone.csv', 'Dear all, and so on: nothing else.', 'it is plain text: neither JSON, JSONL, CSV nor Parquet'],
  [
    'letter.txt',
    'Dear all,\nthe results, as promised, are in.\n\nBye.\n',
    'it is plain text: neither JSON, JSONL, CSV nor Parquet',
  ],
  ['script.py', 'import os, sys\nprint(1, 2)\n', 'it is plain text: neither JSON, JSONL, CSV nor Parquet'],
  ['page.html', '<!doctype html><html><body>a, b</body></html>', 'it is a web page, and no report of the workbench'],
  [
    'lfs.parquet',
    'version https://git-lfs.github.com/spec/v1\noid sha256:0\n',
    'it is a pointer of Git LFS, and not the file itself',
  ],
  [
    'fault.json',
    '{"rows": [\n {"prompt": "a"},\n {"prompt": oops}\n]}',
    'it is not valid JSON at line 3: “oops” where a value should be',
  ],
  ['colon.json', '[{"prompt": "a"},\n{"prompt" "b"}]', 'it is not valid JSON at line 2: “"b"” where a colon should be'],
  [
    'comma.json',
    '[{"prompt": "a"}\n\n{"prompt": "b"}]',
    'it is not valid JSON at line 3: “{” where a comma or ] should be',
  ],
  ['cut.json', '[{"prompt": "a", "output": "b"},\n{"prompt": "c"', 'its JSON ends in the middle, in line 2'],
  ['quote.json', '[{"prompt": "a", "output": "b"},\n{"prompt": "c', 'its JSON ends in the middle, in line 2'],
  ['words.jsonl', 'oops\n{"prompt": "b"}\n', 'it is not JSON at line 1'],
  ['numbers.json', '[1, 2, 3]', 'its list holds no records (objects)'],
  ['config.json', '{"hidden": 1}', 'its records have none of the fields of an evaluation or data set'],
];

test.each(refused)('%s is refused with the true reason', async (name, content, why) => {
  expect(await recognise(folder.write(`refused/${name}`, content))).toEqual([
    [name, 'unknown', `${name} cannot be imported: ${why}.`],
  ]);
});

test.each([
  ['sheet.xlsx', { '[Content_Types].xml': '<x/>', 'xl/workbook.xml': '<x/>' }, 'it is an Excel workbook'],
  ['weights.bin', { 'archive/data.pkl': 'x' }, 'it is PyTorch weights'],
  ['some.zip', { 'a.txt': 'a', 'b.txt': 'b' }, 'it is a zip archive of 2 files, such as “a.txt”, and no Inspect log'],
])('%s is no archive of results', async (name, entries, why) => {
  const content = zipOf(Object.entries(entries).map(([entry, text]) => ({ name: entry, content: text })));
  expect(await recognise(folder.write(`archives/${name}`, content))).toEqual([
    [name, 'unknown', `${name} cannot be imported: ${why}.`],
  ]);
});

const known: [name: string, content: string, kind: string][] = [
  ['judged.jsonl', jsonl([{ prompt: 'a', output: 'b', correct: true }]), 'evaluation'],
  ['nested.jsonl', jsonl([{ question: 'a', base: { solution: 'b', is_correct: true } }]), 'evaluation'],
  ['judged.csv', 'id;prompt;output;score\n1;a;b;0,5\n', 'evaluation'],
  ['answers.jsonl', jsonl([{ prompt: 'a', output: 'b' }]), 'evaluation'],
  ['pairs.jsonl', jsonl([{ prompt: 'a', chosen: 'b', rejected: 'c', score: 1 }]), 'dataset'],
  ['prompts.csv', 'prompt\nName a colour.\nName a bird.\n', 'dataset'],
  ['quoted.tsv', '"prompt"\n"Name a colour, and why."\n"Name a bird."\n', 'dataset'],
  ['thumbs.jsonl', jsonl([{ prompt: 'a', completion: 'b', label: true }]), 'dataset'],
  ['chats.json', JSON.stringify([{ messages: [{ role: 'user', content: 'a' }] }]), 'dataset'],
  ['options.jsonl', jsonl([{ question: 'a', choices: ['b', 'c'], answer: 0 }]), 'suite'],
  ['report.html', '<!doctype html><script type="application/json" id="flipguard-report">{}</script>', 'report'],
  ['report.json', '{"report": {"title": "a"}, "rows": []}', 'report'],
];

test.each(known)('%s is told by its content', async (name, content, kind) => {
  expect((await recognise(folder.write(`known/${name}`, content))).map(([, found]) => found)).toEqual([kind]);
});

test('files that belong together are one thing, each folder of a tool is one, and nothing is left out in silence', async () => {
  const root = folder.path('together');
  const write = (name: string, text: string) => folder.write(`together/${name}`, text);
  for (const [model, moment] of [
    ['base', '2026-01-02T03-04-05.6'],
    ['dpo', '2026-01-02T04-04-05.6'],
  ] as const)
    for (const { name, text } of lmEvalMaterial({ model, moment, folder: model, isRight: () => true, rows: 3 }).files)
      write(name, text);
  for (const { name, text } of lmEvalMaterial({ model: 'loose', isRight: () => true, rows: 3 }).files)
    write(name, text);
  mkdirSync(`${root}/model`);
  for (const name of ['config.json', 'model.safetensors', 'tokenizer.json'])
    writeFileSync(`${root}/model/${name}`, '{}');
  mkdirSync(`${root}/space`);
  write('space/flipguard-workspace.json', '{}');
  write('photo.png', '\x89PNG');
  const paths = ['base', 'dpo', 'model', 'space', 'photo.png'].map((name) => `${root}/${name}`);
  const loose = lmEvalMaterial({ model: 'loose', isRight: () => true, rows: 3 }).files.map(
    ({ name }) => `${root}/${name}`,
  );
  const found = await recogniseAll([...paths, ...loose], signs);
  expect(found.map(({ label, kind, files }) => [label, kind, files])).toEqual([
    ['base', 'evaluation', 2],
    ['dpo', 'evaluation', 2],
    ['model', 'model', 3],
    ['space', 'workspace', 1],
    ['photo.png', 'unknown', 1],
    [loose[1]?.slice(root.length + 1), 'evaluation', 2],
  ]);
});

test('a folder without anything to import says so, and why', async () => {
  folder.write('useless/notes.md', '# Notes\n');
  expect(await recognise(folder.path('useless'))).toEqual([
    [
      'useless',
      'unknown',
      'Nothing in the folder useless can be imported. useless/notes.md cannot be imported: it is plain text: neither JSON, JSONL, CSV nor Parquet.',
    ],
  ]);
});

test('a fault in JSON is found where the engine finds one, at every cut and every changed byte', () => {
  const text = '{"a": [1, -2.5e3, true, null, "x\\n\\u00e9"],\n "b": {"c": []}}';
  const parses = (changed: string): boolean => {
    try {
      JSON.parse(changed);
      return true;
    } catch {
      return false;
    }
  };
  const changes = [...text].flatMap((_, i) => [
    text.slice(0, i),
    `${text.slice(0, i)}${text.slice(i + 1)}`,
    ...['"', '{', ']', ',', 'x', '\u0001'].map((letter) => `${text.slice(0, i)}${letter}${text.slice(i + 1)}`),
  ]);
  const disagreeing = changes.filter((changed) => (findJsonFault(changed) === null) !== parses(changed));
  expect(disagreeing).toEqual([]);
  const cuts = [...text].map((_, i) => text.slice(0, i)).filter((cut) => findJsonFault(cut)?.atEnd !== true);
  expect(cuts).toEqual([]);
  expect(lineOf('a\r\nb\rc\nd', 7)).toBe(4);
});
