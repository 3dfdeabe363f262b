import { describe, expect, test } from 'vitest';
import type { TrainerEvent } from '../../src-main/shared/domain/trainer-events.ts';
import type { SampleBlock } from '../../src-main/store/codec.ts';
import {
  bytesOf,
  decodeMetrics,
  decodeSampleBlocks,
  encodeMetrics,
  encodeSampleBlocks,
} from '../../src-main/store/codec.ts';
import { sql } from '../../src-main/store/database.ts';
import { EventQueue } from '../../src-main/store/event-queue.ts';
import { firstKey, maxMembers, memberOf, newId, packKey } from '../../src-main/store/keys.ts';
import { downsample } from '../../src-main/store/queries/downsample.ts';
import { Lengths } from '../../src-main/store/queries/lengths.ts';
import { naturalOrder, preview, storable } from '../../src-main/store/texts.ts';
import { rowsByKey } from '../../src-main/store/views/rows-by-key.ts';
import { sortRows } from '../../src-main/store/views/sort.ts';

describe('sorting rows', () => {
  const keys = [3, NaN, -1, 0, -0, Infinity, -Infinity, 2.5, 3, -1e300, 1e-300];
  const rows = Int32Array.from(keys, (_, i) => i);
  const reference = (sign: 1 | -1): number[] =>
    [...rows].sort((a, b) => {
      const [x, y] = [keys[a] ?? 0, keys[b] ?? 0];
      if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y)) || a - b;
      return x === y ? a - b : x < y ? -sign : sign;
    });

  test('ascends and descends, is stable, and puts what has no number last', () => {
    expect([...sortRows(rows, (row) => keys[row] ?? 0, false)]).toEqual(reference(1));
    expect([...sortRows(rows, (row) => keys[row] ?? 0, true)]).toEqual(reference(-1));
  });

  test('sorts some rows of many', () => {
    expect([...sortRows(Int32Array.of(7, 0, 2), (row) => keys[row] ?? 0, false)]).toEqual([2, 7, 0]);
    expect([...sortRows(new Int32Array(0), () => 0, true)]).toEqual([]);
  });
});

test('rows are found by key, however the keys lie', () => {
  const columns = [[5, 6, 7], [5, 9, 7], [1, 2_000_000_000, 3], []];
  const answers = columns.map((keys) => {
    const rowOf = rowsByKey(Int32Array.from(keys));
    return [...keys.map(rowOf), rowOf(0), rowOf(8), rowOf(2_000_000_001)];
  });
  expect(answers).toEqual([
    [0, 1, 2, -1, -1, -1],
    [0, 1, 2, -1, -1, -1],
    [0, 1, 2, -1, -1, -1],
    [-1, -1, -1],
  ]);
});

describe('down-sampling', () => {
  test('keeps the least, the greatest and a gap of each stretch, in order', () => {
    const steps = Array.from({ length: 1000 }, (_, i) => i);
    const values = steps.map((i) => (i === 333 ? 99 : i === 777 ? -99 : i === 500 ? NaN : Math.sin(i)));
    const curve = downsample(steps, values, 40);
    expect(curve.steps.length).toBeLessThanOrEqual(41);
    expect(curve.values[curve.steps.indexOf(333)]).toBe(99);
    expect(curve.values[curve.steps.indexOf(777)]).toBe(-99);
    expect(curve.values[curve.steps.indexOf(500)]).toBeNull();
    expect(curve.steps).toEqual([...curve.steps].sort((a, b) => a - b));
  });

  test('leaves a short curve as it is', () => {
    expect(downsample([1, 2], [0.5, Infinity], 10)).toEqual({ steps: [1, 2], values: [0.5, null] });
  });
});

describe('texts', () => {
  test('ids sort as people count, and different ids stay different', () => {
    const ids = ['item-10', 'item-9', 'item-09', 'a', '2', '10', '1.5', '1.10', 'item-'];
    expect([...ids].sort((a, b) => (naturalOrder(a) < naturalOrder(b) ? -1 : 1))).toEqual([
      '1.5',
      '1.10',
      '2',
      '10',
      'a',
      'item-',
      'item-9',
      'item-09',
      'item-10',
    ]);
    expect(new Set(ids.map(naturalOrder)).size).toBe(ids.length);
    expect(naturalOrder('9'.repeat(120))).not.toBe(naturalOrder('9'.repeat(121)));
  });

  test('previews do not split a character', () => {
    expect(preview('ab🐈', 3)).toBe('ab\ufffd');
    expect(preview('ab🐈', 4)).toBe('ab🐈');
    expect(storable('\ud800', 'x')).toBe('\ufffd');
  });
});

describe('numbers as blobs', () => {
  test('metrics come back by name; absent ones stay absent, what is not finite is NaN', () => {
    const names: string[] = [];
    const first = encodeMetrics({ loss: 0.1, lr: 1e-5 }, names);
    expect([first.grew, names]).toEqual([true, ['loss', 'lr']]);
    const second = encodeMetrics({ lr: NaN, kl: -0.5 }, names);
    expect(decodeMetrics(first.blob, names)).toEqual({ loss: 0.1, lr: 1e-5 });
    expect(decodeMetrics(second.blob, names)).toEqual({ lr: NaN, kl: -0.5 });
    expect(encodeMetrics({}, names)).toEqual({ blob: null, grew: false });
  });

  test('step samples survive at any byte offset', () => {
    const trained: SampleBlock = {
      keys: [7, 9],
      metrics: [
        [0, [1, 2]],
        [3, [0.5, -1]],
      ],
    };
    const guarded: SampleBlock = { keys: [11], metrics: [[4, [1]]] };
    const none: SampleBlock = { keys: [], metrics: [] };
    const shifted = (blob: Uint8Array): Uint8Array => Uint8Array.from([0, 0, 0, ...blob]).subarray(3);
    expect(decodeSampleBlocks(shifted(encodeSampleBlocks([trained, guarded])))).toEqual([trained, guarded]);
    expect(decodeSampleBlocks(encodeSampleBlocks([none, guarded]))).toEqual([none, guarded]);
    expect(decodeSampleBlocks(encodeSampleBlocks([trained, none]))).toEqual([trained]);
    expect(bytesOf(Float64Array.of(1)).length).toBe(8);
  });
});

test('packed keys stay exact', () => {
  const key = packKey(2 ** 20, maxMembers);
  expect([Number.isSafeInteger(key), memberOf(key), firstKey(2 ** 20 + 1) - key]).toEqual([true, maxMembers, 1]);
  expect(newId('run')).toMatch(/^run-[a-z2-9]{12}$/);
});

test('values never become part of the text', () => {
  expect(sql`SELECT ${"'; DROP"} AND ${1}`).toEqual({ text: 'SELECT ? AND ?', values: ["'; DROP", 1] });
});

test('medians are exact', () => {
  const lengths = new Lengths();
  for (let i = 1000; i > 0; i--) lengths.add('prompt', i);
  lengths.add('chosen', 5);
  expect(lengths.summary()).toEqual({
    prompt: { min: 1, median: 500.5, max: 1000 },
    chosen: { min: 5, median: 5, max: 5 },
  });
});

describe('the queue of events', () => {
  const event = (seq: number): TrainerEvent => ({ type: 'paused', step: seq, seq, at: 0 });

  test('gathers what comes while the writer is busy, and holds no more than one message a run under way', async () => {
    const written: number[][] = [];
    let underWay = 0;
    let most = 0;
    const release: (() => void)[] = [];
    const queue = new EventQueue(async (_run, events) => {
      most = Math.max(most, ++underWay);
      written.push(events.map(({ seq }) => seq));
      await new Promise<void>((resolve) => release.push(resolve));
      underWay--;
      return { lastSeq: events.at(-1)?.seq ?? 0 };
    });
    const next = async (): Promise<void> => {
      while (release.length === 0) await Promise.resolve();
      release.shift()?.();
    };
    const first = queue.append('run', [event(1)]);
    while (release.length === 0) await Promise.resolve();
    const rest = [2, 3, 4].map((seq) => queue.append('run', [event(seq)]));
    await next();
    expect(await first).toEqual({ lastSeq: 1 });
    await next();
    expect(await Promise.all(rest)).toEqual(Array(3).fill({ lastSeq: 4 }));
    expect([written, most]).toEqual([[[1], [2, 3, 4]], 1]);
  });

  test('a failure reaches those whose events failed, and the next batch goes', async () => {
    let calls = 0;
    const queue = new EventQueue((_run, events) =>
      ++calls === 1 ? Promise.reject(new Error('full')) : Promise.resolve({ lastSeq: events.length }),
    );
    await expect(queue.append('run', [event(1)])).rejects.toThrow('full');
    expect(await queue.append('run', [event(1), event(2)])).toEqual({ lastSeq: 2 });
  });
});
