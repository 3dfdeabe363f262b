import { describe, expect, it } from 'vitest';
import { openEvaluationImport } from '../../../src-main/imports/index.ts';
import { jsonl, read, tempFolder } from '../fixtures.ts';

const folder = tempFolder();
const result = (provider: string, city: string, success: boolean, more: object = {}): object => ({
  promptIdx: 0,
  testIdx: 0,
  provider: { id: provider, label: '' },
  prompt: { raw: `Capital of ${city}?`, label: 'p' },
  vars: { city, tone: 'dry' },
  response: { output: `It is ${city}.` },
  testCase: { vars: { city, tone: 'dry' }, assert: [{ type: 'icontains', value: city }] },
  success,
  failureReason: success ? 0 : 1,
  score: success ? 1 : 0.25,
  namedScores: { tone: 0.5 },
  ...more,
});
const results = [
  result('a:one', 'Rome', true),
  result('b:two', 'Rome', false),
  result('a:one', 'Oslo', false),
  result('a:one', 'Lima', false, { failureReason: 2, error: 'timeout', response: undefined }),
  result('b:two', 'Oslo', true, { vars: { tone: 'dry', city: 'Oslo' } }),
  result('b:two', 'Rome', true, { promptIdx: 1 }),
];
const file = {
  evalId: 'e',
  results: { version: 3, timestamp: 't', prompts: [{ raw: 'Capital of {{city}}?' }], results, stats: {} },
  config: { description: 'capitals' },
  metadata: { promptfooVersion: '0.118.0' },
};

describe('promptfoo', () => {
  it('reads the first provider, and says what else there is', async () => {
    const path = folder.write('out.json', JSON.stringify(file));
    const { rows, problems, stream } = await read(openEvaluationImport(path));
    expect(problems).toEqual([]);
    expect(rows.map(({ verdict, score, tags }) => [verdict, score, tags])).toEqual([
      ['right', 1, undefined],
      ['wrong', 0.25, undefined],
      [null, null, ['error']],
    ]);
    expect(rows[0]).toMatchObject({
      prompt: 'Capital of Rome?',
      output: 'It is Rome.',
      target: 'Rome',
      metrics: { tone: 0.5 },
    });
    expect(stream.metadata()).toMatchObject({
      tool: { name: 'promptfoo', version: '0.118.0' },
      tasks: ['capitals'],
      models: ['a:one'],
      variants: ['a:one', 'b:two', 'b:two#1'],
      notes: ['3 results of other providers or prompts than “a:one” were left out.'],
    });
  });

  it('pairs another provider’s results by the tests’ variables, whatever their order', async () => {
    const path = folder.write('out.json', JSON.stringify(file));
    const left = await read(openEvaluationImport(path));
    const right = await read(openEvaluationImport(path, { variant: 'b:two' }));
    expect(right.rows.map(({ sampleId }) => sampleId)).toEqual(left.rows.slice(0, 2).map(({ sampleId }) => sampleId));
  });

  it('reads JSONL', async () => {
    const { rows } = await read(openEvaluationImport(folder.write('out.jsonl', jsonl(results))));
    expect(rows.map(({ verdict }) => verdict)).toEqual(['right', 'wrong', null]);
  });
});
