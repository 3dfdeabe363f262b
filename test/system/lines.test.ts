import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { LineSplitter } from '../../src-main/system/lines.ts';
import { readJsonLines, readLines } from '../../src-main/system/read-lines.ts';
import { temporaryFolder } from '../helpers/workbench.ts';

function fileWith(text: string | Buffer): string {
  const file = path.join(temporaryFolder(), 'rows.ndjson');
  writeFileSync(file, text);
  return file;
}

test('only a newline ends a line: every other separator of Unicode is part of a text', async () => {
  const rows = ['\u2028', '\u2029', '\u0085', '\u000b', '\u000c', '\r', '\ufeff'].map((mark) => ({
    text: `a${mark}b`,
  }));
  const file = fileWith(rows.map((row) => JSON.stringify(row)).join('\n'));
  expect(await readJsonLines(file)).toEqual(rows);
});

test('lines come out the same however the chunks were cut, with where each ends', () => {
  const text = Buffer.from('\ufeffone\r\n\nthré€\nlong enough to pass the limit\nlast');
  const whole = [
    [1, 'one', true, 8],
    [2, '', true, 9],
    [3, 'thré€', true, 18],
    [4, null, true, 48],
    [5, 'last', false, 52],
  ];
  for (let size = 1; size <= text.length; size++) {
    const splitter = new LineSplitter(20);
    const lines = [];
    for (let at = 0; at < text.length; at += size) lines.push(...splitter.push(text.subarray(at, at + size)));
    lines.push(...splitter.end());
    const seen = lines.map(({ number, bytes, ended, endByte }) => [number, bytes?.toString() ?? null, ended, endByte]);
    expect(seen, `chunks of ${size}`).toEqual(whole);
  }
});

test('a line beyond the limit is counted and never held; a damaged row is named with its line', async () => {
  const lines = [];
  for await (const line of readLines(fileWith(`${'x'.repeat(100)}\ny\n`), 10))
    lines.push(line.bytes?.toString() ?? null);
  expect(lines).toEqual([null, 'y']);
  await expect(readJsonLines(fileWith('{"id":1}\n\n{"id":2\n'))).rejects.toMatchObject({
    code: 'corrupt',
    message: 'rows.ndjson is damaged: its line 3 is not JSON.',
    place: { file: 'rows.ndjson', line: 3 },
  });
});
