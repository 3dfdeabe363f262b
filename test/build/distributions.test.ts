import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { distributionsFile, joinedDistributions } from '../../build/distributions/make.ts';

it('the distribution functions are those of the installed packages (npm run distributions makes them again)', async () => {
  expect(readFileSync(distributionsFile, 'utf8') === (await joinedDistributions())).toBe(true);
});
