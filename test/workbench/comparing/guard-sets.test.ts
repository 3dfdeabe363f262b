import { expect, test } from 'vitest';
import { outcomeOf } from '../../../src-main/workbench/comparing/guard-sets.ts';

test.each([
  [true, 'negative', 'kept-right', 'repaired'],
  [true, 'negative', 'positive', 'repaired'],
  [true, 'negative', 'negative', 'still-broken'],
  [true, 'kept-right', 'kept-right', 'kept'],
  [true, 'kept-right', 'negative', 'newly-broken'],
  [false, 'kept-right', 'negative', 'newly-broken'],
  [false, 'negative', 'negative', null],
  [false, 'negative', 'kept-right', null],
  [true, 'negative', 'missing', null],
  [false, undefined, 'negative', 'newly-broken'],
] as const)('in the set: %s, unguarded: %s, guarded: %s → %s', (inSet, unguarded, guarded, outcome) => {
  expect(outcomeOf(inSet, unguarded, guarded)).toBe(outcome);
});
