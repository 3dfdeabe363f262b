import { describe, expect, it } from 'vitest';
import { openEvaluationImport } from '../../../src-main/imports/index.ts';
import { read, tempFolder } from '../fixtures.ts';
import { zipOf } from '../zip-fixture.ts';

const folder = tempFolder();
const header = (scorers: object[], epochs = 1): object => ({
  version: 2,
  status: 'success',
  eval: {
    task: 'arith',
    model: 'lab/model',
    scorers,
    config: { epochs },
    packages: { inspect_ai: '0.3.100' },
    model_generate_config: { max_tokens: 9 },
  },
  plan: { config: { temperature: 0.5, max_tokens: 5 } },
});
const accuracy = [{ name: 'inspect_ai/accuracy' }];
const sample = (id: number | string, scores: object, more: object = {}): object => ({
  id,
  epoch: 1,
  input: `q${id}`,
  target: 'x',
  output: { choices: [{ message: { role: 'assistant', content: `a${id}` } }] },
  scores,
  ...more,
});
const value = (v: unknown): object => ({ value: v });
const document = (head: object, samples: object[]): string => JSON.stringify({ ...head, samples }, null, 1);
const archive = (head: object, samples: object[], method: 'deflated' | 'zstd' = 'deflated'): Buffer =>
  zipOf([
    { name: '_journal/start.json', content: JSON.stringify(head), method },
    ...samples.map((entry, i) => ({ name: `samples/${i}_epoch_1.json`, content: JSON.stringify(entry), method })),
    { name: 'summaries.json', content: '[]', method },
    { name: 'header.json', content: JSON.stringify(head), method },
  ]);

describe('Inspect logs', () => {
  const scorers = [
    { name: 'match', metrics: accuracy },
    { name: 'judge', metrics: [{ name: 'mean' }] },
  ];
  const samples = [
    sample(1, { match: value('C'), judge: value(7) }),
    sample(2, { match: value('I'), judge: value(1) }),
    sample('three', { judge: value({ style: 2, facts: { right: true } }), match: value('P') }),
    sample(4, { match: value('N') }),
    sample(5, { match: value(1) }),
    sample(6, {}, { error: { message: 'boom' }, output: {} }),
  ];
  const verdicts = ['right', 'wrong', 'tie', 'wrong', 'right', null];

  it.each([
    ['document', document(header(scorers), samples)],
    ['archive', archive(header(scorers), samples)],
    ['archive with zstd', archive(header(scorers), samples, 'zstd')],
  ])('reads letters, numbers and errors of a %s', async (_kind, content) => {
    const { rows, problems, stream } = await read(openEvaluationImport(folder.write('log', content)));
    expect(problems).toEqual([]);
    expect(rows.map(({ verdict }) => verdict)).toEqual(verdicts);
    expect(rows[0]).toEqual({
      sampleId: '1',
      prompt: 'q1',
      target: 'x',
      output: 'a1',
      score: 1,
      verdict: 'right',
      slices: ['arith'],
      metrics: Object.assign(Object.create(null), { judge: 7 }),
    });
    expect({ ...rows[2]?.metrics }).toEqual({ 'judge.style': 2, 'judge.facts.right': 1 });
    expect(rows[5]).toMatchObject({ output: null, tags: ['error'] });
    expect(stream.metadata()).toMatchObject({
      tool: { name: 'inspect_ai', version: '0.3.100' },
      tasks: ['arith'],
      models: ['lab/model'],
      decoding: { temperature: 0.5, maxNewTokens: 9 },
      variant: 'match',
      variants: ['match', 'judge'],
      notes: ['1 samples ended in an error and are tagged so.'],
    });
  });

  it('does not take a judge’s 1 of 10 for a right answer', async () => {
    const path = folder.write('judge.json', document(header(scorers), samples));
    const { rows } = await read(openEvaluationImport(path, { variant: 'judge' }));
    expect(rows.slice(0, 2).map(({ verdict, score }) => [verdict, score])).toEqual([
      [null, 7],
      [null, 1],
    ]);
  });

  it('keeps epochs apart and in one cluster, and shows options, chats and attachments', async () => {
    const key = 'a'.repeat(32);
    const repeated = [1, 2].map((epoch) => sample(1, { match: value('C') }, { epoch, choices: ['red', 'blue'] }));
    const chat = sample(
      2,
      {},
      {
        input: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: [{ type: 'text', text: `attachment://${key}` }] },
        ],
        attachments: { [key]: 'a long question' },
        target: ['x', 'y'],
      },
    );
    const { rows } = await read(
      openEvaluationImport(folder.write('epochs.json', document(header(scorers, 2), [...repeated, chat]))),
    );
    expect(rows.map(({ sampleId, cluster, prompt, target }) => [sampleId, cluster, prompt, target])).toEqual([
      ['1', '1', 'q1\n\nA) red\nB) blue', 'x'],
      ['1@2', '1', 'q1\n\nA) red\nB) blue', 'x'],
      ['2', '2', 'system: Be brief.\n\nuser: a long question', 'x\ny'],
    ]);
  });
});
