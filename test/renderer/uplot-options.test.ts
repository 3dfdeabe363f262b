import { expect, it } from 'vitest';
import { incrementsOf } from '../../src-renderer/components/charts/uplot-options.ts';

it('labels steps at whole distances, and what is measured at any', () => {
  expect(incrementsOf([0, 1, 2, 3]).slice(0, 5)).toEqual([1, 2, 5, 10, 20]);
  expect(incrementsOf([0, 0.25, 1])).toEqual(expect.arrayContaining([0.02, 0.05, 0.1, 0.2, 0.5, 1]));
});
