import { randomBytes } from 'node:crypto';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { ColumnMetaData } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { detectFormat, openDatasetImport, openEvaluationImport } from '../../../src-main/imports/index.ts';
import { rowsOfPart } from '../../../src-main/imports/records/parquet.ts';
import { failureOf, jsonl, read, tempFolder } from '../fixtures.ts';

const folder = tempFolder();
const rows = [
  { id: 'a', prompt: 'p "1"', completion: 'c,1' },
  { id: 'b', prompt: 'p\n2', completion: 'ü' },
];
const csv = 'id,prompt,completion\na,"p ""1""","c,1"\nb,"p\n2",ü\n';
const parquet = Buffer.from(
  parquetWriteBuffer({
    columnData: (['id', 'prompt', 'completion'] as const).map((name) => ({
      name,
      data: rows.map((row) => row[name]),
      type: 'STRING' as const,
    })),
  }),
);
const expected = rows.map((row) => ({ kind: 'completion', ...row }));

describe('containers and compression', () => {
  const plain: [string, string | Buffer][] = [
    ['jsonl', jsonl(rows)],
    ['json', JSON.stringify(rows, null, 2)],
    ['json', JSON.stringify({ version: 1, data: rows })],
    ['csv', csv],
    ['parquet', parquet],
  ];
  const cases = plain.flatMap(([container, content]): [string, string, Buffer][] => {
    const bytes = Buffer.from(content as string);
    return [
      [container, 'none', bytes],
      [container, 'gzip', gzipSync(bytes)],
      [container, 'zstd', zstdCompressSync(bytes)],
    ];
  });

  it.each(cases)('reads %s, compression %s, by content alone', async (container, compression, bytes) => {
    const path = folder.write('data.bin', bytes);
    expect(await detectFormat(path, { purpose: 'dataset' })).toMatchObject({
      container,
      compression,
      format: 'prompt-completion',
    });
    const { rows: found, stream } = await read(openDatasetImport(path));
    expect(found).toEqual(expected);
    const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
    expect(stream.metadata().files).toEqual([{ name: 'data.bin', bytes: bytes.length, sha256 }]);
  });

  it('reads gzip and zstd files made of several members', async () => {
    for (const pack of [gzipSync, zstdCompressSync]) {
      const path = folder.write('members', Buffer.concat(rows.map((row) => pack(Buffer.from(jsonl([row]))))));
      expect((await read(openDatasetImport(path))).rows).toEqual(expected);
    }
  });

  it('reads frames that begin and end anywhere in a chunk', async () => {
    const frames = Array.from({ length: 40 }, (_, i) =>
      jsonl([{ text: randomBytes(30_000 + i * 1000).toString('base64') }]),
    );
    for (const pack of [gzipSync, zstdCompressSync]) {
      const path = folder.write('frames', Buffer.concat(frames.map((frame) => pack(Buffer.from(frame)))));
      const { rows: found } = await read(openDatasetImport(path));
      expect(found.map((row) => row.kind === 'completion' && jsonl([{ text: row.completion }]))).toEqual(frames);
    }
  });

  it.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ])('keeps what is before the cut in a %s file, and says where it is', async (_, pack) => {
    const all = Array.from({ length: 20_000 }, (_row, i) => ({
      id: i,
      prompt: randomBytes(40).toString('hex'),
      completion: 'c',
    }));
    const packed = pack(jsonl(all));
    const path = folder.write('cut.jsonl.gz', packed.subarray(0, Math.floor(packed.length * 0.9)));
    const { rows, problems } = await read(openDatasetImport(path));
    expect(rows.length).toBeGreaterThan(all.length * 0.8);
    expect(rows.length).toBeLessThan(all.length * 0.95);
    // The record in which the cut lies, and the cut.
    expect(problems.map((problem) => problem.replace(/^\d+ /, ''))).toEqual(['bad-json', 'truncated']);
    expect(Number.parseInt(problems.at(-1) ?? '', 10)).toBeGreaterThanOrEqual(rows.length);
    expect(await failureOf(read(openDatasetImport(path, { strict: true })))).toMatch(
      /^bad-input: cut\.jsonl\.gz, line/,
    );
  });

  it.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ])('comes to an end where %s data is followed by something else, or damaged in the middle', async (_, pack) => {
    const all = Array.from({ length: 5_000 }, (_row, i) => ({
      id: i,
      prompt: createHash('sha256').update(String(i)).digest('hex'),
      completion: 'c',
    }));
    const packed = pack(jsonl(all));
    const half = packed.length >> 1;
    const middle = Buffer.from(packed).fill(0xff, half, half + 4000);
    for (const bytes of [
      Buffer.concat([packed, Buffer.alloc(100_000, 'noise')]),
      Buffer.concat([packed, Buffer.from('x')]),
      middle,
    ]) {
      const { rows: found, problems } = await read(openDatasetImport(folder.write('odd.jsonl', bytes)));
      expect(found.length).toBeGreaterThan(all.length / 4);
      // Without a checksum, zstd may not notice that texts inside were damaged; then the records tell.
      if (bytes === middle) expect(problems).not.toEqual([]);
      else expect(problems.at(-1)).toMatch(/ truncated$/);
    }
    // What fills a file up to a block is no damage to gzip.
    if (pack !== gzipSync) return;
    const padded = folder.write('padded.jsonl', Buffer.concat([packed, Buffer.alloc(200_000)]));
    expect(await read(openDatasetImport(padded))).toMatchObject({ rows: { length: all.length }, problems: [] });
  });

  it('refuses what is no container at all', async () => {
    expect(await failureOf(detectFormat(folder.write('empty', '')))).toBe(
      'unsupported: empty cannot be imported: the file is empty.',
    );
    expect(await failureOf(detectFormat(folder.write('prose.txt', 'Just words\nand lines.')))).toMatch(
      /neither JSON, JSONL, CSV nor Parquet/,
    );
    expect(await failureOf(detectFormat(folder.write('wide.json', Buffer.from('\ufeff[]', 'utf16le'))))).toMatch(
      /UTF-16/,
    );
    expect(await failureOf(detectFormat(folder.path('nowhere.jsonl')))).toMatch(
      /^not-found: There is no file or folder at/,
    );
  });
});

describe('Parquet', () => {
  it('decodes a row group without a page index in parts, and refuses one that would take hours', () => {
    const columns = ['id', 'prompt', 'output', 'target'].map((name) => ({
      file_offset: 0n,
      meta_data: { path_in_schema: [name] } as ColumnMetaData,
    }));
    const group = (rows: number, bytes: number) => ({
      num_rows: BigInt(rows),
      total_byte_size: BigInt(bytes),
      columns,
    });
    const partOf = (rows: number, bytes: number) => rowsOfPart(group(rows, bytes), 'lie.parquet');
    expect([partOf(1000, 1), partOf(1_000_000, 9216), partOf(1_000_000, 400 * 2 ** 20)]).toEqual([
      4096, 262_144, 15_625,
    ]);
    expect(() => partOf(12_000_000, 9216)).toThrow(
      'lie.parquet has a row group of 12,000,000 rows in a few pages and no page index.',
    );
  });

  it('reads a row group of many equal rows without a page index to its end', async () => {
    const count = 100_000;
    const column = (name: string, text: string) => ({
      name,
      data: Array.from({ length: count }, () => text),
      type: 'STRING' as const,
    });
    const bytes = parquetWriteBuffer({
      columnData: [column('id', 'same'), column('prompt', 'p'), column('output', 'o'), column('target', 'o')],
      rowGroupSize: count,
    });
    const opening = openEvaluationImport(folder.write('equal.parquet', Buffer.from(bytes)));
    const { rows: found, problems } = await read(opening);
    expect(found.map(({ sampleId, verdict }) => [sampleId, verdict])).toEqual([['same', null]]);
    expect([problems.length, new Set(problems.map((problem) => problem.replace(/^\d+ /, '')))]).toEqual([
      count - 1,
      new Set(['duplicate-id id']),
    ]);
  });

  it('reads nested values, 64-bit integers, missing numbers and truth values', async () => {
    const bytes = parquetWriteBuffer({
      columnData: [
        { name: 'id', data: [1n, 2n ** 60n], type: 'INT64' },
        { name: 'prompt', data: ['p', 'q'], type: 'STRING' },
        { name: 'score', data: [0.25, Number.NaN], type: 'DOUBLE' },
        { name: 'correct', data: [true, false], type: 'BOOLEAN' },
      ],
    });
    const { rows: found } = await read(openEvaluationImport(folder.write('eval.parquet', Buffer.from(bytes))));
    expect(found.map(({ sampleId, score, verdict }) => [sampleId, score, verdict])).toEqual([
      ['1', 0.25, 'right'],
      ['1152921504606846976', null, 'wrong'],
    ]);
  });

  it('reads many row groups in order, and says how far it is', async () => {
    const count = 25_000;
    const data = Array.from({ length: count }, (_, i) => `text ${i}`);
    const bytes = parquetWriteBuffer({ columnData: [{ name: 'text', data, type: 'STRING' }], rowGroupSize: 1000 });
    const shares: number[] = [];
    const path = folder.write('many.parquet', Buffer.from(bytes));
    const { rows: found } = await read(
      openDatasetImport(path, { onProgress: ({ bytesRead, totalBytes }) => shares.push(bytesRead / totalBytes) }),
    );
    expect(found.map((row) => row.kind === 'completion' && row.completion)).toEqual(data);
    expect(shares.map((share) => Math.round(share * 25))).toEqual(Array.from({ length: 25 }, (_, i) => i + 1));
  });

  it('says that a damaged file cannot be read', async () => {
    const damaged = Buffer.from(parquet);
    damaged.fill(0xff, 4, 60);
    expect(await failureOf(read(openDatasetImport(folder.write('bad.parquet', damaged))))).toMatch(
      /^bad-input: bad\.parquet cannot be read as Parquet/,
    );
    expect(await failureOf(read(openDatasetImport(folder.write('cut.parquet', parquet.subarray(0, 40)))))).toMatch(
      /^bad-input: .*Parquet/,
    );
  });
});
