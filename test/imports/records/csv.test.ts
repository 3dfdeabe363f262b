import { describe, expect, it } from 'vitest';
import { delimiterOf, readCsv } from '../../../src-main/imports/records/csv.ts';
import { ReadSession } from '../../../src-main/imports/session.ts';
import { collect } from '../fixtures.ts';

async function parse(
  text: string | Buffer,
  { delimiter = ',', chunkBytes = 1 << 20, limits = {}, session = new ReadSession({ limits }) } = {},
): Promise<unknown[]> {
  async function* chunks(): AsyncGenerator<Buffer> {
    const bytes = Buffer.from(text as string);
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  }
  const batches = await collect(readCsv(chunks(), 'f', delimiter, session));
  return batches
    .flat()
    .map((record) => [record.line, 'value' in record ? { ...(record.value as object) } : record.problem.reason]);
}

describe('readCsv', () => {
  it.each([1, 3, 1000])(
    'reads quotes, doubled quotes, line ends in quotes, CRLF and BOM (%i bytes at a time)',
    async (chunkBytes) => {
      const text = '\ufeffa,b\r\n1,"x ""y"", z"\r\n"two\r\nlines",\r\n\r\n"",5" disk\r\n';
      expect(await parse(text, { chunkBytes })).toEqual([
        [2, { a: '1', b: 'x "y", z' }],
        [3, { a: 'two\nlines', b: '' }],
        [6, { a: '', b: '5" disk' }],
      ]);
    },
  );

  it('makes problems of rows that do not fit, and reads on', async () => {
    expect(await parse('a,b\n1\n1,2,3\n"x"y,2\n3,4\n')).toEqual([
      [2, 'columns'],
      [3, 'columns'],
      [4, 'bad-csv'],
      [5, { a: '3', b: '4' }],
    ]);
  });

  it('gives a quote that never closes its own line only', async () => {
    expect(await parse('a,b\n"open,1\n2,3\n4,5\n')).toEqual([
      [2, 'bad-csv'],
      [3, { a: '2', b: '3' }],
      [4, { a: '4', b: '5' }],
    ]);
    const long = `a,b\n"open,1\n${'2,3\n'.repeat(100)}`;
    const records = await parse(long, { limits: { maxRecordBytes: 64 } });
    expect([records[0], records.length]).toEqual([[2, 'bad-csv'], 101]);
  });

  it('passes over a row beyond the limit', async () => {
    expect(
      await parse(`a,b\n1,2\n${'x'.repeat(200)},3\n4,5\n`, { limits: { maxRecordBytes: 100 }, chunkBytes: 16 }),
    ).toEqual([
      [2, { a: '1', b: '2' }],
      [3, 'too-large'],
      [4, { a: '4', b: '5' }],
    ]);
  });

  it('names the line of invalid UTF-8', async () => {
    expect(await parse(Buffer.from('a,b\n1,\xff\n2,3\n', 'latin1'))).toEqual([
      [2, 'invalid-utf8'],
      [3, { a: '2', b: '3' }],
    ]);
  });

  it('keeps columns without names, and with a prototype’s', async () => {
    expect(await parse('a,,,__proto__\n1,2,3,4\n')).toEqual([
      [2, { a: '1', column2: '2', column3: '3', ['__proto__']: '4' }],
    ]);
  });

  it('numbers columns whose name is taken, also by one without a name, and tells of it', async () => {
    const session = new ReadSession();
    expect(await parse('id,correct,output, correct ,correct_2\n1,2,3,4,5\n', { session })).toEqual([
      [2, { id: '1', correct: '2', output: '3', correct_2: '4', correct_2_2: '5' }],
    ]);
    expect(session.notes()).toContain('Another column is named “correct”, too; it is read as “correct_2”.');
    expect(await parse(',column1\n1,2\n')).toEqual([[2, { column1: '1', column1_2: '2' }]]);
  });
});

it.each([
  ['a,b;c', ','],
  ['a;b;c', ';'],
  ['a\tb', '\t'],
  ['"x,y,z";b', ';'],
  ['alone', null],
])('takes the delimiter of “%s”', (header, delimiter) => {
  expect(delimiterOf(header)).toBe(delimiter);
});
