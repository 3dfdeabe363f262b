import { describe, expect, it } from 'vitest';
import { PagedRows } from '../../src-renderer/stores/paged-rows.ts';
import { settled } from './fake-bridge.ts';

/** Rows that answer when told to, so that what is under way can be looked at. */
function heldBack(total: number, keep = 40) {
  const asked: number[] = [];
  const answers: (() => void)[] = [];
  const rows = new PagedRows<number>(
    total,
    (offset, limit) => {
      asked.push(offset / limit);
      return new Promise((resolve) => {
        answers.push(() => resolve(Array.from({ length: Math.min(limit, total - offset) }, (_, i) => offset + i)));
      });
    },
    { pageSize: 10, keep },
  );
  return {
    rows,
    asked,
    async answerAll() {
      while (answers.length > 0) {
        answers.splice(0).forEach((answer) => answer());
        await settled();
      }
    },
  };
}

describe('rows in pages', () => {
  it('fetches what is in sight, then its neighbours, each once', async () => {
    const { rows, asked, answerAll } = heldBack(100);
    rows.want(22, 28);
    rows.want(23, 29);
    await answerAll();
    expect(asked).toEqual([2, 3, 1]);
    expect([rows.at(20), rows.at(29), rows.at(30), rows.at(19), rows.at(55)]).toEqual([20, 29, 30, 19, undefined]);
  });

  it('passes over what was only scrolled past', async () => {
    const { rows, asked, answerAll } = heldBack(1_000_000);
    for (let row = 0; row < 1_000_000; row += 5000) rows.want(row, row + 5);
    rows.want(777_770, 777_775);
    await answerAll();
    // Two were under way before the hand moved on; then only the last place and its neighbours.
    expect(asked).toEqual([0, 1, 77_777, 77_778, 77_776]);
  });

  it('keeps a limited number of pages, the newest used', async () => {
    const { rows, answerAll } = heldBack(1000, 4);
    rows.want(0, 5);
    await answerAll();
    rows.want(500, 505);
    await answerAll();
    expect(rows.at(0)).toBeUndefined();
    expect(rows.at(500)).toBe(500);
  });

  it('waits for a single row', async () => {
    const { rows, answerAll } = heldBack(100);
    const row = rows.load(42);
    await answerAll();
    expect(await row).toBe(42);
    expect(await rows.load(100)).toBeUndefined();
  });

  it('tells those who look that something came, and changes rows that are here', async () => {
    const { rows, answerAll } = heldBack(100);
    const before = rows.version.value;
    rows.want(0, 5);
    await answerAll();
    expect(rows.version.value).toBeGreaterThan(before);
    rows.patch((row) => -row);
    expect(rows.at(3)).toBe(-3);
  });

  it('takes no answer once it is closed', async () => {
    const { rows, answerAll } = heldBack(100);
    rows.want(0, 5);
    rows.close();
    await answerAll();
    expect(rows.at(0)).toBeUndefined();
  });

  it('reports a failure and does not ask for that page again by itself', async () => {
    const errors: unknown[] = [];
    let asked = 0;
    const failing = new PagedRows<number>(
      10,
      () => {
        asked += 1;
        return Promise.reject(new Error('gone'));
      },
      { pageSize: 10, onError: (error) => errors.push(error) },
    );
    failing.want(0, 5);
    await settled();
    expect([asked, errors.length]).toEqual([1, 1]);
  });
});
