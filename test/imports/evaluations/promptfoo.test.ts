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
    expect(rows.map(({ verdict, score, resultTags }) => [verdict, score, resultTags])).toEqual([
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
      notes: [
        '3 results of other providers or prompts than “a:one” were left out.',
        '1 results have no verdict: the provider, an assertion or its judge failed.',
      ],
    });
  });

  it('pairs another provider’s results by the tests’ variables, whatever their order', async () => {
    const path = folder.write('out.json', JSON.stringify(file));
    const left = await read(openEvaluationImport(path));
    const right = await read(openEvaluationImport(path, { variant: 'b:two' }));
    expect(right.rows.map(({ sampleId }) => sampleId)).toEqual(left.rows.slice(0, 2).map(({ sampleId }) => sampleId));
  });

  it('gives no verdict where a test asserts nothing', async () => {
    const nothing = { pass: true, score: 1, reason: 'No assertions', componentResults: [] };
    const judged = { pass: true, score: 1, reason: 'All assertions passed', componentResults: [{ pass: true }] };
    const open = result('a:one', 'Rome', true, { testCase: { vars: { city: 'Rome' } }, gradingResult: nothing });
    const path = folder.write('open.jsonl', jsonl([open, result('a:one', 'Oslo', true, { gradingResult: judged })]));
    const { rows, stream } = await read(openEvaluationImport(path));
    expect(rows.map(({ verdict, score, resultTags }) => [verdict, score, resultTags])).toEqual([
      [null, null, undefined],
      ['right', 1, undefined],
    ]);
    expect(stream.metadata().notes).toEqual(['1 results have no verdict: their tests assert nothing.']);
  });

  it('reads JSONL', async () => {
    const { rows } = await read(openEvaluationImport(folder.write('out.jsonl', jsonl(results))));
    expect(rows.map(({ verdict }) => verdict)).toEqual(['right', 'wrong', null]);
  });

  const passed = { pass: true, score: 1, reason: 'All assertions passed', componentResults: [] };
  const component = (pass: boolean, more: object = {}): object => ({ pass, score: pass ? 1 : 0, reason: 'x', ...more });
  const failed = (...parts: object[]): object => ({ pass: false, score: 0, reason: 'x', componentResults: parts });
  const raised = component(false, { reason: 'Python code execution failed: KeyError' });
  const judgeDown = component(false, { metadata: { graderError: true } });

  // “A provider's error gives no verdict”, whatever the version of promptfoo wrote of it; nor does a judge that never judged.
  it.each([
    ['a provider that failed, newer', { failureReason: 2 }, null],
    [
      'a provider that failed, older',
      { failureReason: undefined, response: { error: '429' }, gradingResult: null },
      null,
    ],
    ['an assertion that raised, older', { failureReason: undefined, gradingResult: null }, null],
    ['an assertion that raised, newer', { gradingResult: failed(raised) }, null],
    ['a judge that could not be reached', { gradingResult: failed(judgeDown) }, null],
    ['the judge itself as the result', { gradingResult: { ...failed(), metadata: { graderError: true } } }, null],
    [
      'a judge that failed next to an assertion that was not met',
      { gradingResult: failed(judgeDown, component(false)) },
      'wrong',
    ],
    ['an assertion that was not met', { gradingResult: failed(component(false), component(true)) }, 'wrong'],
    ['grading results that were stripped', { failureReason: 1, gradingResult: undefined }, 'wrong'],
  ])('%s', async (_what, more, verdict) => {
    const path = folder.write(
      'e.json',
      JSON.stringify({ ...file, results: { ...file.results, results: [result('a', 'Rome', false, more)] } }),
    );
    const { rows } = await read(openEvaluationImport(path));
    expect([rows[0]?.verdict, rows[0]?.resultTags]).toEqual([verdict, verdict === null ? ['error'] : undefined]);
  });

  it('knows a test by its variables without those that promptfoo adds while it runs', async () => {
    const idOf = async (vars: object): Promise<string | undefined> =>
      // Older files have no test case that would list them.
      (
        await read(
          openEvaluationImport(folder.write('v.jsonl', jsonl([result('a', 'Rome', true, { vars, testCase: {} })]))),
        )
      ).rows[0]?.sampleId;
    const plain = await idOf({ city: 'Rome' });
    const atRunTime = [
      { _conversation: [{ input: 'x' }] },
      { sessionId: 's1' },
      { sessionIds: ['s1', 's2'] },
      { session_id: 7 },
      { _anything: 1 },
      { traceId: 't' },
    ];
    for (const more of atRunTime) expect(await idOf({ city: 'Rome', ...more })).toBe(plain);
    expect(await idOf({ city: 'Oslo' })).not.toBe(plain);
    expect(await idOf({ city: 'Rome', session: 'the user asked for it' })).not.toBe(plain);
  });

  it('takes what the test itself does not list for no variable of it, and keeps short ones as fields to pair by', async () => {
    const rowOf = async (now: string) => {
      const one = result('a', 'Rome', true, { vars: { city: 'Rome', now }, testCase: { vars: { city: 'Rome' } } });
      return (await read(openEvaluationImport(folder.write('l.jsonl', jsonl([one]))))).rows[0];
    };
    const [old, again] = [await rowOf('Monday'), await rowOf('Tuesday')];
    expect(again?.sampleId).toBe(old?.sampleId);
    expect(old?.fields).toEqual({ 'vars.city': 'Rome' });
  });

  it('takes --repeat for attempts, and other assertions on the same variables for another test', async () => {
    const other = { testCase: { assert: [{ type: 'equals', value: 'Roma' }] } };
    const records = [
      result('a', 'Rome', true, { gradingResult: passed }),
      result('a', 'Rome', false, { testIdx: 1 }),
      result('a', 'Rome', true, { testIdx: 2, ...other }),
      result('a', 'Rome', true, { testIdx: 3 }),
    ];
    const { rows, stream } = await read(openEvaluationImport(folder.write('r.jsonl', jsonl(records))));
    const first = rows[0]?.sampleId ?? '';
    expect(
      rows.map(({ sampleId, attempts }) => [sampleId, attempts?.map(({ number, verdict }) => [number, verdict])]),
    ).toEqual([
      [first, undefined],
      [first, [[2, 'wrong']]],
      [`${first}#2`, undefined],
      [first, [[3, 'right']]],
    ]);
    expect(stream.metadata().measure.repeats).toBe(3);
  });
});
