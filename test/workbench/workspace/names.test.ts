import { describe, expect, test } from 'vitest';
import {
  findByName,
  findByNameOrNull,
  freeName,
  refuseTakenName,
} from '../../../src-main/workbench/workspace/names.ts';

const things = [
  { id: 'run-aaaaaaaa1', name: 'dpo' },
  { id: 'run-bbbbbbbb2', name: 'twice' },
  { id: 'run-cccccccc3', name: 'twice' },
];

describe('names', () => {
  test('mean an id, a name, or the beginning of an id', () => {
    expect(findByName('run', things, 'run-bbbbbbbb2').name).toBe('twice');
    expect(findByName('run', things, 'dpo').id).toBe('run-aaaaaaaa1');
    expect(findByName('run', things, 'run-aaaa').id).toBe('run-aaaaaaaa1');
  });

  test('of two things are an error that lists both ids', () => {
    expect(() => findByName('run', things, 'twice')).toThrow(/2 runs: run-bbbbbbbb2, run-cccccccc3/);
    expect(() => findByNameOrNull('run', things, 'twice')).toThrow();
  });

  test('of nothing say what there is', () => {
    expect(findByNameOrNull('run', things, 'x')).toBeNull();
    expect(() => findByName('run', things, 'x')).toThrow(
      expect.objectContaining({ code: 'not-found', remedy: 'Known: dpo, twice, twice.' }) as Error,
    );
    expect(() => findByName('suite', [], 'x')).toThrow(
      expect.objectContaining({ remedy: 'This workspace has no suites yet.' }) as Error,
    );
  });

  test('are taken once', () => {
    expect(() => refuseTakenName('evaluation', things, 'dpo')).toThrow(/already an evaluation named “dpo”/);
    expect([freeName(things, 'dpo'), freeName(things, 'new')]).toEqual(['dpo 2', 'new']);
  });
});
