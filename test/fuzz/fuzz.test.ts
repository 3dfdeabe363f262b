import { expect, test } from 'vitest';
import { fuzz } from './fuzz.ts';
import { fuzzKinds } from './kinds.ts';

/** The long form is `npm run test:fuzz`: 5,000 of each kind. Where a machine has to wait for nobody it tries 300, on a desk as many as fit in about 20 seconds. */
const tried = process.env.CI === undefined ? 60 : 300;

test.each(Object.keys(fuzzKinds))('%s: whatever is done to the file, its reader answers', async (kind) => {
  const tally = await fuzz(kind, tried, 7);
  expect(tally).toEqual({ kind, tried, answered: tried, lost: [] });
});
