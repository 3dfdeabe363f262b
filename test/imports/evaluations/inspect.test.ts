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

  it('gives no verdict to a sample that was marked as invalid', async () => {
    const marked = sample(1, { match: value('C') }, { invalidation: { author: 'me', reason: 'leaked' } });
    const rest = sample(2, { match: value('C') }, { invalidation: null });
    const content = document(header([{ name: 'match', metrics: accuracy }]), [marked, rest]);
    const { rows, stream } = await read(openEvaluationImport(folder.write('marked.json', content)));
    expect(rows.map(({ verdict, score }) => [verdict, score])).toEqual([
      [null, null],
      ['right', 1],
    ]);
    expect(stream.metadata().notes.join()).toContain('marked as invalid');
  });

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
    expect(rows[5]).toMatchObject({ output: null, resultTags: ['error'] });
    expect(stream.metadata()).toMatchObject({
      tool: { name: 'inspect_ai', version: '0.3.100' },
      tasks: ['arith'],
      models: ['lab/model'],
      decoding: { temperature: 0.5, maxNewTokens: 9 },
      variant: 'match',
      variants: ['match', 'judge', 'judge.style', 'judge.facts'],
      measure: { scorer: 'match', repeats: 1, status: null },
      notes: ['1 sample ended in an error and is tagged so.'],
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

  it('takes epochs for attempts at one sample, and shows options, chats and attachments', async () => {
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
    expect(rows.map(({ sampleId, attempts, prompt, target }) => [sampleId, attempts, prompt, target])).toEqual([
      ['1', [{ number: 1, output: 'a1', score: 1, verdict: 'right' }], 'q1\n\nA) red\nB) blue', 'x'],
      ['1', [{ number: 2, output: 'a1', score: 1, verdict: 'right' }], 'q1\n\nA) red\nB) blue', 'x'],
      [
        '2',
        [{ number: 1, output: 'a2', score: null, verdict: null }],
        'system: Be brief.\n\nuser: a long question',
        'x\ny',
      ],
    ]);
  });

  it('refuses an epoch that comes twice', async () => {
    const twice = [1, 2, 2].map((epoch) => sample(1, { match: value('C') }, { epoch }));
    const { problems } = await read(
      openEvaluationImport(folder.write('twice.json', document(header(scorers, 2), twice))),
    );
    expect(problems.map((problem) => problem.replace(/^\d+ /, ''))).toEqual(['duplicate-id id']);
  });

  it('reads samples below folders: an id may be a path', async () => {
    const ids = ['geo/easy/1', 'geo/easy/2', 'plain', 'a b/ü'];
    const entries = ids.map((id) => ({
      name: `samples/${id}_epoch_1.json`,
      content: JSON.stringify(sample(id, { match: value('C') })),
    }));
    const path = folder.write(
      'slash.eval',
      zipOf([...entries, { name: 'header.json', content: JSON.stringify(header(scorers)) }]),
    );
    const { rows, problems } = await read(openEvaluationImport(path));
    expect([rows.map(({ sampleId }) => sampleId), problems]).toEqual([ids, []]);
  });

  // value_to_float of inspect_ai: numbers, letters, and these words; any other text is no number.
  it.each([
    ['yes', 'right', 1],
    ['No', 'wrong', 0],
    ['TRUE', 'right', 1],
    ['false', 'wrong', 0],
    ['1', 'right', 1],
    ['0.0', 'wrong', 0],
    ['0.25', null, 0.25],
    [' C ', 'right', 1],
    ['perhaps', null, null],
    ['', null, null],
    [true, 'right', 1],
  ])('takes %j of a scorer with an accuracy for %s', async (given, verdict, score) => {
    const path = folder.write('text.json', document(header(scorers), [sample(1, { match: value(given) })]));
    const { rows } = await read(openEvaluationImport(path));
    expect(rows[0]).toMatchObject({ verdict, score });
  });

  // Decided over the whole log: what one value says depends on what the others are.
  it.each<[string, unknown[], (string | null)[]]>([
    ['letters that are options', ['A', 'C', 'D'], [null, null, null]],
    ['names among which one is C', ['C', 'Python'], [null, null]],
    ['letters with a word of the judge’s', ['C', 'I', 'unsure'], ['right', 'wrong', null]],
    ['ones and zeros among fractions', [1, 0, 0.5], [null, null, null]],
    ['the same as texts', ['1', '0', '0.75'], [null, null, null]],
    ['ones and zeros, with a blank', ['1', '0', 'n/a'], ['right', 'wrong', null]],
  ])('takes %s for what they are', async (_, values, verdicts) => {
    const samples = values.map((given, id) => sample(id + 1, { match: value(given) }));
    const entries = samples.map((one, id) => ({
      name: `samples/${id + 1}_epoch_1.json`,
      content: JSON.stringify(one),
    }));
    const head = { name: 'header.json', content: JSON.stringify(header(scorers)) };
    const summaries = { name: 'summaries.json', content: JSON.stringify(samples) };
    for (const path of [
      folder.write('whole.json', document(header(scorers), samples)),
      folder.write('whole.eval', zipOf([...entries, head])),
      folder.write('summed.eval', zipOf([...entries, head, summaries])),
    ])
      expect((await read(openEvaluationImport(path))).rows.map(({ verdict }) => verdict)).toEqual(verdicts);
  });

  it('takes no word for a verdict where the scorer computes no accuracy', async () => {
    const path = folder.write('word.json', document(header(scorers), [sample(1, { judge: value('yes') })]));
    expect((await read(openEvaluationImport(path))).rows[0]).toMatchObject({ verdict: null, score: null });
  });

  it.each(['cancelled', 'error', 'started'])('names a log that ended as “%s”, and what it lacks', async (status) => {
    const head = { ...header(scorers), status, results: { total_samples: 3, completed_samples: 2 } };
    const samples = [sample(1, { match: value('C') }), sample(2, { match: value('I') }, { completed: false })];
    const { rows, stream } = await read(openEvaluationImport(folder.write('ended.json', document(head, samples))));
    expect(rows.map(({ verdict }) => verdict)).toEqual(['right', null]);
    expect(stream.metadata().measure.status).toBe(status);
    expect(stream.metadata().notes).toEqual([
      `The log's status is “${status}”: samples may be missing.`,
      'The log has 2 of 3 samples completed.',
      '1 sample ended in an error and is tagged so.',
    ]);
  });
});
