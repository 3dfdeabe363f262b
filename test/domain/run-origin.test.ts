import { expect, test } from 'vitest';
import { isRunOrigin } from '../../src-main/shared/domain/run-origin.ts';

const origin = { tool: 'trl', version: null, folder: '/runs/dpo', method: 'DPO', base: 'llama' };

test('an origin is known by its fields, and nothing else passes for one', () => {
  expect(isRunOrigin(origin)).toBe(true);
  const spoilt = [
    { ...origin, tool: 'elsewhere' },
    { ...origin, version: 5 },
    { ...origin, folder: null },
    { ...origin, base: undefined },
    { tool: 'trl' },
  ];
  expect([null, 'trl', [], ...spoilt].filter(isRunOrigin)).toEqual([]);
});
