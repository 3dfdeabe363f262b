import { expect, test } from 'vitest';
import { shortModel, suggestName } from '../../../src-main/workbench/imports/import-names.ts';

test.each([
  ['models/base_15M', 'base_15M'],
  ['meta-llama/Llama-3-8B', 'Llama-3-8B'],
  ['meta-llama__Llama-3-8B', 'Llama-3-8B'],
  ['__tmp__scout__base_15M', 'base_15M'],
  ['pretrained=org/name,dtype=float32', 'name'],
  ['/home/me/out/dpo-run/', 'dpo-run'],
  ['C:\\models\\dpo', 'dpo'],
  ['openai/gpt-4o', 'gpt-4o'],
  ['gpt-4.1', 'gpt-4.1'],
  ['', null],
  ['none', null],
  [null, null],
])('the model %s is called %s', (model, name) => {
  expect(shortModel(model)).toBe(name);
});

const part = (model: string | null, task: string | null = 'task') => ({ model, task });
test.each([
  ['one model', '/x/samples_sums_2026-01-02T03-04-05.6.jsonl', [part('org/base')], 'base'],
  ['one model, several tasks', '/x/results', [part('base', 'a'), part('base', 'b')], 'base'],
  ['several models', '/x/my results', [part('base'), part('dpo')], 'my results'],
  ['no model, a time stamp', '/x/samples_sums_2026-01-02T03-04-05.678901.jsonl', [part(null)], 'sums'],
  ['an Inspect log without a model', '/x/2025-05-12T20-28-13-04-00_popularity.json', [part(null)], 'popularity'],
  ['a name that says nothing', '/x/run 7/samples.jsonl', [part(null)], 'run 7 samples'],
  ['an upload of such a name', '/u/dropped/data.jsonl.gz', [part(null)], 'data'],
])('%s', (_, source, parts, name) => {
  expect(suggestName({ target: 'evaluation', source, parts })).toBe(name);
});

test('a dataset goes by its file, a checkpoint by its run', () => {
  expect(suggestName({ target: 'dataset', source: '/x/ultra/train-00000-of-00002.parquet', parts: [] })).toBe(
    'ultra train-00000-of-00002',
  );
  expect(suggestName({ target: 'model', source: '/runs/dpo/checkpoint-40', parts: [] })).toBe('dpo checkpoint-40');
});
