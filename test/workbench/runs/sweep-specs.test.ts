import { expect, test } from 'vitest';
import { sweepSpecs } from '../../../src-main/workbench/runs/sweep-specs.ts';

const base = { name: 'b', seed: 0, optimizer: { learningRate: 1 } };

test('a sweep names its runs by what differs', () => {
  const specs = sweepSpecs(base, [
    { path: 'seed', values: [1, 2] },
    { path: 'optimizer.learningRate', values: [0.1, 0.2] },
  ]);
  expect(specs.map(({ name }) => name)).toEqual([
    'b seed=1 optimizer.learningRate=0.1',
    'b seed=1 optimizer.learningRate=0.2',
    'b seed=2 optimizer.learningRate=0.1',
    'b seed=2 optimizer.learningRate=0.2',
  ]);
});

test.each([
  ['a value twice', [{ path: 'seed', values: [1, 2, 1] }]],
  ['a list twice', [{ path: 'evaluate.suites', values: [['a'], ['a']] }]],
  [
    'a path twice, where the later one counts',
    [
      { path: 'seed', values: [1, 2] },
      { path: 'seed', values: [3] },
    ],
  ],
  ['the name alone, which the sweep gives', [{ path: 'name', values: ['x', 'y'] }]],
])('it trains nothing twice: %s', (_what, vary) => {
  expect(() => sweepSpecs(base, vary)).toThrow(/^The sweep would train .* twice\.$/);
});
