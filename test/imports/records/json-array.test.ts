import { describe, expect, it } from 'vitest';
import { outlineJson } from '../../../src-main/imports/records/json-outline.ts';
import { readJsonArray } from '../../../src-main/imports/records/json-array.ts';
import type { RawRecord } from '../../../src-main/imports/records/record.ts';
import { ReadSession } from '../../../src-main/imports/session.ts';
import { collect } from '../fixtures.ts';

async function scan(
  text: string,
  path: string[],
  chunkBytes = text.length,
  limits = {},
): Promise<{ records: RawRecord[]; headers: unknown[] }> {
  async function* chunks(): AsyncGenerator<Buffer> {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  }
  const headers: unknown[] = [];
  const session = new ReadSession({ limits });
  const batches = await collect(readJsonArray(chunks(), 'f', path, session, (header) => headers.push(header)));
  return { records: batches.flat(), headers };
}

const valuesOf = (records: RawRecord[]): unknown[] =>
  records.map((record) => ('value' in record ? record.value : record.problem.reason));

describe('readJsonArray', () => {
  const document = `{"a": {"list": [9]}, "list": "[",
    "deep": {"no": [1, 2], "list": [
      {"x": "],}\\"{", "y": [1, {"z": []}]},
      null, -1.5e3,
      "te,xt", [[]] ] },
    "tail": {"list": [7]} }`;
  const expected = [{ x: '],}"{', y: [1, { z: [] }] }, null, -1500, 'te,xt', [[]]];

  it.each([1, 2, 3, 7, 64, 4096])('finds the elements at a path, fed %i bytes at a time', async (chunkBytes) => {
    const { records, headers } = await scan(document, ['deep', 'list'], chunkBytes);
    expect(valuesOf(records)).toEqual(expected);
    expect(records.map(({ line }) => line)).toEqual([3, 4, 4, 5, 5]);
    expect(headers.at(-1)).toEqual({
      a: { list: [9] },
      list: '[',
      deep: { no: [1, 2], list: [] },
      tail: { list: [7] },
    });
  });

  it.each([1, 3, 64])(
    'finds the entries of an object, or the elements of a list with their places (%i bytes)',
    async (bytes) => {
      async function* chunks(text: string): AsyncGenerator<Buffer> {
        for (let at = 0; at < text.length; at += bytes) yield Buffer.from(text.slice(at, at + bytes));
      }
      const entries = async (text: string, path: string[]): Promise<unknown[]> => {
        const headers: unknown[] = [];
        const batches = readJsonArray(chunks(text), 'f', path, new ReadSession(), (one) => headers.push(one), true);
        return [valuesOf((await collect(batches)).flat()), headers.at(-1)];
      };
      const object = '{"n": {"x": 1}, "d": {"a,}": {"b": [1, "}"]}, "c": 7, "__proto__": [2]}, "t": [{}]}';
      expect(await entries(object, ['d'])).toEqual([
        [
          { key: 'a,}', value: { b: [1, '}'] } },
          { key: 'c', value: 7 },
          { key: '__proto__', value: [2] },
        ],
        { n: { x: 1 }, d: {}, t: [{}] },
      ]);
      expect(await entries('{"d": [5, {}]}', ['d'])).toEqual([
        [
          { key: '0', value: 5 },
          { key: '1', value: {} },
        ],
        { d: [] },
      ]);
      expect(await entries('{"a": 1, "b": {}}', [])).toEqual([
        [
          { key: 'a', value: 1 },
          { key: 'b', value: {} },
        ],
        {},
      ]);
      expect(await entries('{"a": 1, "b": {"c', [])).toEqual([[{ key: 'a', value: 1 }, 'truncated'], null]);
    },
  );

  it('tells what is before the list as soon as the list begins', async () => {
    const { headers } = await scan('{"head": 1, "list": [1, 2], "tail": 2}', ['list'], 22);
    expect(headers).toEqual([
      { head: 1, list: [] },
      { head: 1, list: [], tail: 2 },
    ]);
  });

  it.each([1, 5, 100])('reads a document that is the list, BOM and all (%i bytes at a time)', async (chunkBytes) => {
    expect(valuesOf((await scan('[ {"a": 1}, {"a": [2]} ]\n', [], chunkBytes)).records)).toEqual([
      { a: 1 },
      { a: [2] },
    ]);
    expect(valuesOf((await scan('[]', [], chunkBytes)).records)).toEqual([]);
    if (chunkBytes >= 5) expect(valuesOf((await scan('\ufeff[1]', [], chunkBytes)).records)).toEqual([1]);
  });

  it('makes one problem of one bad element, and of the end missing', async () => {
    expect(valuesOf((await scan('[{"a": 1}, {"a": nope}, {"a": NaN}, {"a": 3}]', [])).records)).toEqual([
      { a: 1 },
      'bad-json',
      { a: null },
      { a: 3 },
    ]);
    expect(valuesOf((await scan('[{"a": 1}, {"a": ', [])).records)).toEqual([{ a: 1 }, 'truncated']);
    expect(valuesOf((await scan('[{"a": 1},\n', [])).records)).toEqual([{ a: 1 }, 'truncated']);
  });

  it('never holds an element beyond the limit', async () => {
    const { records } = await scan(`[1, "${'x'.repeat(100)}", 2]`, [], 10, { maxRecordBytes: 50 });
    expect(valuesOf(records)).toEqual([1, 'too-large', 2]);
  });

  it('says when there is no such list', async () => {
    await expect(scan('{"list": {"a": []}}', ['list'])).rejects.toThrow('there is no list at “list”');
    await expect(scan('{"a": []}', [])).rejects.toThrow('it is no list');
  });
});

describe('outlineJson', () => {
  it('names keys of the outer objects and what is there, though the text be cut', () => {
    const text =
      '{"version": 2, "eval": {"task": "t", "scorers": [{"name": "m"}], "x": {"y": {"z": 1}}}, "e": [], "samples": [ {"id": "cut of';
    expect(outlineJson(text)).toEqual([
      { path: ['version'], kind: 'scalar' },
      { path: ['eval'], kind: 'object' },
      { path: ['eval', 'task'], kind: 'scalar' },
      { path: ['eval', 'scorers'], kind: 'list-of-objects' },
      { path: ['eval', 'x'], kind: 'object' },
      { path: ['eval', 'x', 'y'], kind: 'object' },
      { path: ['e'], kind: 'list' },
      { path: ['samples'], kind: 'list-of-objects' },
    ]);
  });
});
