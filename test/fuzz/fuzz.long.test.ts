import { expect, test } from 'vitest';
import { fuzz } from './fuzz.ts';
import { fuzzKinds } from './kinds.ts';

/** The long form is `npm run test:fuzz`: 5,000 of each kind. CI tries 300; between changes, fewer. */
const tried = process.env.CI === undefined ? 60 : 300;

test.each(Object.keys(fuzzKinds))('%s: whatever is done to the file, its reader answers', async (kind) => {
  const tally = await fuzz(kind, tried, 7);
  expect(tally).toEqual({ kind, tried, answered: tried, lost: [] });
});
