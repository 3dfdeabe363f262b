import { expect, test } from 'vitest';
import { OutOfTime, within } from '../../src-main/system/deadline.ts';

test('work has its result or its error, and one that does not end is ended', () => {
  expect(within(1000, () => [1, 2].map((x) => x + 1))).toEqual([2, 3]);
  expect(() =>
    within(1000, () => {
      throw new RangeError('its own');
    }),
  ).toThrow(new RangeError('its own'));
  expect(() => within(50, () => /^(a|a)*$/.test(`${'a'.repeat(60)}!`))).toThrow(OutOfTime);
  expect(() =>
    within(50, () => {
      for (;;);
    }),
  ).toThrow(OutOfTime);
  // And the next one begins afresh.
  expect(within(1000, () => 'ok')).toBe('ok');
});
