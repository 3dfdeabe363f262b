import { describe, expect, it } from 'vitest';
import {
  type ImportProgress,
  openDatasetImport,
  openEvaluationImport,
  previewImport,
} from '../../src-main/imports/index.ts';
import { entriesOf, failureOf, jsonl, read, tempFolder } from './fixtures.ts';

const folder = tempFolder();
const texts = (count: number): object[] =>
  Array.from({ length: count }, (_, i) => ({ id: i, text: `text ${i} ${'x'.repeat(300)}` }));

describe('ImportStream', () => {
  it('reports progress up to the last byte', async () => {
    const content = jsonl(texts(20_000));
    const progress: ImportProgress[] = [];
    const stream = await openDatasetImport(folder.write('p.jsonl', content), {
      onProgress: (now) => progress.push(now),
    });
    await entriesOf(stream);
    const bytes = Buffer.byteLength(content);
    expect(progress.at(-1)).toEqual({ bytesRead: bytes, totalBytes: bytes, rows: 20_000, problems: 0 });
    expect(progress.length).toBeGreaterThan(2);
    expect(progress.every((now, i) => now.bytesRead >= (progress[i - 1]?.bytesRead ?? 0))).toBe(true);
  });

  it('ends when cancelled, before and while reading', async () => {
    const path = folder.write('c.jsonl', jsonl(texts(20_000)));
    expect(await failureOf(read(openDatasetImport(path, { signal: AbortSignal.abort() })))).toBe(
      'cancelled: The import was cancelled.',
    );
    const controller = new AbortController();
    const stream = await openDatasetImport(path, { signal: controller.signal, onProgress: () => controller.abort() });
    expect(await failureOf(entriesOf(stream))).toBe('cancelled: The import was cancelled.');
    expect(stream.metadata()).toMatchObject({ complete: false, files: [{ sha256: null }] });
  });

  it('stops at the first problem when strict, naming file, line and field', async () => {
    const records = [{ text: 'a' }, { text: 'b' }, { text: 7, id: [1] }, { text: 'c' }];
    const path = folder.write('s.jsonl', jsonl(records));
    await expect(read(openDatasetImport(path, { strict: true }))).rejects.toMatchObject({
      code: 'bad-input',
      message: 's.jsonl, line 3: “id” is a list, an id is a text or a whole number.',
      place: { file: 's.jsonl', line: 3, field: 'id' },
    });
  });

  it('can be read once', async () => {
    const stream = await openDatasetImport(folder.write('o.jsonl', jsonl(texts(1))));
    await entriesOf(stream);
    expect(await failureOf(entriesOf(stream))).toMatch(/^conflict: An import can be read once/);
  });

  it('takes an id once', async () => {
    const stream = await openDatasetImport(
      folder.write(
        'd.jsonl',
        jsonl([
          { id: 'a', text: 'x' },
          { id: 'b', text: 'y' },
          { id: 'a', text: 'z' },
        ]),
      ),
    );
    expect((await entriesOf(stream))[2]).toMatchObject({
      line: 3,
      problem: { reason: 'duplicate-id', message: 'The id “a” was given before.' },
    });
  });
});

describe('previewImport', () => {
  const records = Array.from({ length: 200 }, (_, i) =>
    i % 10 === 3 ? { q: 'x', ok: 'perhaps' } : { q: `q${i}`, ok: i % 2 },
  );

  it('shows the first rows, and counts what does not fit, per reason with first lines', async () => {
    const path = folder.write('preview.jsonl', `${jsonl(records)}{broken\n`);
    const preview = await previewImport(path, { purpose: 'evaluation', map: { prompt: 'q', correct: 'ok' } }, 3);
    expect(preview).toMatchObject({
      fits: 180,
      misfits: 21,
      complete: true,
      detection: { format: 'jsonl', fields: ['q', 'ok'] },
    });
    expect(preview.rows.map(({ line }) => line)).toEqual([1, 2, 3]);
    expect(preview.problems.map(({ reason, count, first }) => [reason, count, first.map(({ line }) => line)])).toEqual([
      ['unknown-verdict', 20, [4, 14, 24, 34, 44]],
      ['bad-json', 1, [201]],
    ]);
    expect(preview.problems[0]?.first[0]).toMatchObject({
      field: 'ok',
      message: '“ok” is “perhaps”, which says neither right nor wrong.',
    });
  });

  it('reads by the suggestion when no mapping is given, and stops at a bound', async () => {
    const path = folder.write('bound.jsonl', jsonl(records.map(({ q }, i) => ({ question: q, is_correct: i % 2 }))));
    const preview = await previewImport(path, { purpose: 'evaluation', map: {}, maxRecords: 50 });
    expect(preview).toMatchObject({
      fits: 50,
      complete: false,
      detection: { needsMap: true, suggestedMap: { prompt: 'question', correct: 'is_correct' } },
    });
    expect(preview.rows).toHaveLength(20);
  });

  it('has the fields alone when neither makes rows', async () => {
    const path = folder.write('odd.jsonl', jsonl([{ a: 1, b: 2 }]));
    expect(await previewImport(path, { purpose: 'evaluation' })).toMatchObject({
      rows: [],
      fits: 0,
      metadata: null,
      detection: { fields: ['a', 'b'] },
    });
    expect(await failureOf(previewImport(path, { purpose: 'evaluation', map: { prompt: 'a', correct: 'c' } }))).toMatch(
      /No record .* has “c”/,
    );
    expect(await previewImport(path, { purpose: 'suite', kind: 'cloze' })).toMatchObject({ rows: [], metadata: null });
    expect(await failureOf(previewImport(path, { purpose: 'suite' }))).toMatch(/A suite needs its kind/);
    expect(await failureOf(openEvaluationImport(path, { format: 'csv' }))).toMatch(/bad-input/);
  });
});
