import { describe, expect, it } from 'vitest';
import { openEvaluationImport } from '../../../src-main/imports/index.ts';
import { read, tempFolder } from '../fixtures.ts';

const folder = tempFolder();

/** Spelling of the source → [cut, tagged as filtered]; null where it says nothing. */
const reasons: [reason: unknown, cut: number | null, isFiltered: boolean][] = [
  ['length', 1, false],
  ['max_tokens', 1, false],
  ['MAX_TOKENS', 1, false],
  ['model_length', 1, false],
  ['max_output_tokens', 1, false],
  ['stop', 0, false],
  ['end_turn', 0, false],
  ['tool_calls', 0, false],
  ['content_filter', 0, true],
  ['SAFETY', 0, true],
  ['unknown', null, false],
  ['', null, false],
  [null, null, false],
  [7, null, false],
];

const shown = (rows: { metrics?: Record<string, number>; resultTags?: string[] }[]) =>
  rows.map(({ metrics, resultTags }) => [metrics?.['cut'] ?? null, resultTags?.includes('content-filter') ?? false]);
const expected = reasons.map(([, cut, isFiltered]) => [cut, isFiltered]);

describe('why an answer ended', () => {
  it('is kept from promptfoo’s finishReason', async () => {
    const results = reasons.map(([finishReason], i) => ({
      promptIdx: 0,
      provider: { id: 'p' },
      prompt: { raw: `q${i}` },
      vars: { q: String(i) },
      response: { output: 'a', finishReason },
      success: true,
      score: 1,
    }));
    const path = folder.write(
      'out.json',
      JSON.stringify({ evalId: 'e', results: { version: 3, results }, config: {} }),
    );
    const { rows, problems } = await read(openEvaluationImport(path));
    expect(problems).toEqual([]);
    expect(shown(rows)).toEqual(expected);
  });

  it('is kept from Inspect’s stop_reason, with the number of options', async () => {
    const samples = reasons.map(([stop_reason], i) => ({
      id: i,
      epoch: 1,
      input: `q${i}`,
      target: 'A',
      ...(i < 2 ? { choices: ['x', 'y', 'z'] } : {}),
      output: { choices: [{ message: { role: 'assistant', content: 'A' }, stop_reason }] },
      scores: { match: { value: 'C' } },
    }));
    const log = {
      version: 2,
      status: 'success',
      eval: { task: 't', model: 'm', scorers: [{ name: 'match' }] },
      samples,
    };
    const { rows } = await read(openEvaluationImport(folder.write('log.json', JSON.stringify(log))));
    expect(shown(rows)).toEqual(expected);
    expect(rows.map(({ metrics }) => metrics?.['options'] ?? null).slice(0, 3)).toEqual([3, 3, null]);
  });
});
