import { expect, it } from 'vitest';
import { IdLedger } from '../../src-main/imports/id-ledger.ts';

it('knows every id it was given, and no other, through many growths', () => {
  const ledger = new IdLedger();
  const ids = Array.from({ length: 200_000 }, (_, i) => `sample-${i}`);
  expect(ids.filter((id) => !ledger.add(id))).toEqual([]);
  expect(ids.filter((id) => ledger.add(id))).toEqual([]);
  expect(ids.filter((id) => ledger.has(`${id}x`))).toEqual([]);
  expect([ledger.has('sample-0'), ledger.has(''), ledger.add(''), ledger.add('')]).toEqual([true, false, true, false]);
});
