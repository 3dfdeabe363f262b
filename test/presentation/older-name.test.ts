import { expect, it } from 'vitest';
import { isOlderName } from '../../src-main/shared/presentation/older-name.ts';

it.each([
  ['answers-old', 'answers-new', true],
  ['answers-new', 'answers-old', false],
  ['llama-3.2-sft', 'llama-3.2-dpo', true],
  ['model-v2', 'model-v10', true],
  ['run step 800', 'run step 400', false],
  ['base', 'base-dpo', true],
  ['gemma-3-1b', 'gemma-3-1b-aligned', true],
  // A word inside another is none, and names that differ in several ways say nothing.
  ['golden', 'newton', null],
  ['llama-3-8b', 'qwen-2-7b', null],
  ['same', 'same', null],
])('%s before %s: %s', (first, second, expected) => {
  expect(isOlderName(first, second)).toBe(expected);
});
