import { expect, it } from 'vitest';
import { IdLedger } from '../../src-main/imports/id-ledger.ts';

it('knows every id it was given, and the line it came on first, through many growths', () => {
  const ledger = new IdLedger();
  const count = 200_000;
  const firstAnswers = Array.from({ length: count }, (_, i) => ledger.add(`sample-${i + 1}`, i + 1));
  expect(firstAnswers.every((answer) => answer === null)).toBe(true);
  expect([1, 77_777, count].map((i) => ledger.add(`sample-${i}`, count + i))).toEqual([1, 77_777, count]);
  expect([ledger.has('sample-1'), ledger.has('sample-0'), ledger.has('')]).toEqual([true, false, false]);
});
