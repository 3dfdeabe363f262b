import { describe, expect, it } from 'vitest';
import { listOffset, scrollTopFor, spacerHeight, tallestPx } from '../../src-renderer/composables/use-fixed-rows.ts';

const long = { count: 1_000_000, rowHeight: 26, viewHeight: 600 };
const short = { count: 1000, rowHeight: 26, viewHeight: 600 };

describe('windowing', () => {
  it('is plain scrolling where the list fits into an element', () => {
    expect([spacerHeight(short), listOffset(1234, short), scrollTopFor(1234, short)]).toEqual([26_000, 1234, 1234]);
  });
  it('keeps a long list within what browsers can scroll, both ends in reach', () => {
    expect(spacerHeight(long)).toBe(tallestPx);
    expect(listOffset(0, long)).toBe(0);
    expect(listOffset(tallestPx - 600, long)).toBe(26_000_000 - 600);
  });
  it('finds the scroll position of any row of a long list', () => {
    for (const row of [0, 1, 499_999, 999_000]) {
      expect(listOffset(scrollTopFor(row * 26, long), long)).toBeCloseTo(row * 26, 3);
    }
  });
});
