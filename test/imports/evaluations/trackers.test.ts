import { describe, expect, it } from 'vitest';
import { openEvaluationImport } from '../../../src-main/imports/index.ts';
import { failureOf, jsonl, read, tempFolder } from '../fixtures.ts';
import { briefly } from './results.ts';

const folder = tempFolder();
const json = (name: string, value: unknown): string => folder.write(name, JSON.stringify(value));

describe('Langfuse', () => {
  it('reads items of an experiment, by the ids of the dataset', async () => {
    const item = (id: string, value: number, more: object = {}) => ({
      id: `obs-${id}`,
      traceId: `t-${id}`,
      level: 'DEFAULT',
      environment: 'default',
      experimentId: 'e',
      experimentName: 'prompt v2',
      experimentItemId: id,
      input: { question: `Q ${id}` },
      output: `A ${id}`,
      expectedOutput: 'A',
      scores: [
        { name: 'right', value, dataType: 'BOOLEAN' },
        { name: 'helpfulness', value: 0.7, dataType: 'NUMERIC' },
      ],
      ...more,
    });
    const path = json('items.json', {
      data: [item('1', 1), item('2', 0), item('3', 0, { level: 'ERROR', statusMessage: 'timeout' })],
      meta: {},
    });
    const { rows, stream } = await read(openEvaluationImport(path));
    expect(briefly(rows)).toEqual([
      ['Q 1', 'A 1', 'A', 'right', 1, undefined],
      ['Q 2', 'A 2', 'A', 'wrong', 0, undefined],
      ['Q 3', 'A 3', 'A', null, null, ['error']],
    ]);
    expect(stream.metadata()).toMatchObject({
      format: 'langfuse',
      models: ['prompt v2'],
      ids: 'source',
      variants: ['right', 'helpfulness'],
      measure: { metric: 'right' },
    });
  });

  it('reads a table of traces, whose scores are columns that hold lists, by what was asked', async () => {
    const row = (id: string, question: string, score: string) =>
      `"${id}","2026-01-01T00:00:00.000Z","trace","","","","","[]","false","false","{""question"":""${question}""}","the answer","{}","[]","${score}","[""formal"",""formal""]"`;
    const head =
      '"id","timestamp","name","userId","sessionId","release","version","tags","bookmarked","public","input","output","metadata","comments","accuracy","tone"';
    const old = folder.write('old.csv', [head, row('t1', 'one', '[1]'), row('t2', 'two', '[0]')].join('\n'));
    const now = folder.write('now.csv', [head, row('t8', 'two', '[1,1]'), row('t9', 'one', '[]')].join('\n'));
    const [before, after] = [await read(openEvaluationImport(old)), await read(openEvaluationImport(now))];
    expect(briefly(before.rows)).toEqual([
      ['one', 'the answer', undefined, 'right', 1, undefined],
      ['two', 'the answer', undefined, 'wrong', 0, undefined],
    ]);
    expect(after.rows.map(({ verdict }) => verdict)).toEqual(['right', null]);
    expect(new Set(after.rows.map(({ sampleId }) => sampleId))).toEqual(
      new Set(before.rows.map(({ sampleId }) => sampleId)),
    );
  });

  it('reads the results of its experiment runner', async () => {
    const path = json('run.json', {
      runName: 'nightly',
      itemResults: [
        {
          item: { id: 'i1', input: 'x', expectedOutput: 'y' },
          output: { content: 'y' },
          evaluations: [{ name: 'exact', value: true }],
          traceId: 't',
        },
      ],
      runEvaluations: [{ name: 'mean', value: 1 }],
    });
    const { rows, stream } = await read(openEvaluationImport(path));
    expect([rows[0]?.sampleId, briefly(rows), stream.metadata().models]).toEqual([
      'i1',
      [['x', 'y', 'y', 'right', 1, undefined]],
      ['nightly'],
    ]);
  });
});

describe('Braintrust', () => {
  const event = (id: string, input: unknown, score: number | null, more: object = {}) => ({
    id,
    span_id: id,
    root_span_id: id,
    is_root: true,
    span_parents: null,
    input,
    output: 'out',
    expected: 'exp',
    scores: { Factuality: 0.6, ExactMatch: score },
    metadata: { model: 'gpt' },
    tags: ['nightly'],
    error: null,
    ...more,
  });
  const events = [
    event('1', 'alpha', 1),
    event('2', 'beta', 0),
    event('3', 'beta', null, { root_span_id: '2', is_root: false, span_parents: ['2'], scores: {} }),
    event('4', 'gamma', null, { error: 'Timeout' }),
    event('5', 'alpha', 0),
  ];

  it('reads events of an experiment: roots alone, trials of one input as attempts, errors without a verdict', async () => {
    const { rows, stream } = await read(openEvaluationImport(json('events.json', { events, cursor: null })));
    expect(
      rows.map(({ prompt, verdict, tags, resultTags = [], attempts }) => [
        prompt,
        verdict,
        tags,
        resultTags,
        attempts?.[0]?.number,
      ]),
    ).toEqual([
      ['alpha', 'right', ['nightly'], [], undefined],
      ['beta', 'wrong', ['nightly'], [], undefined],
      ['gamma', null, ['nightly'], ['error'], undefined],
      ['alpha', 'wrong', ['nightly'], [], 2],
    ]);
    expect(rows[0]?.sampleId).toBe(rows[3]?.sampleId);
    expect(stream.metadata()).toMatchObject({
      format: 'braintrust',
      models: ['gpt'],
      variants: ['Factuality', 'ExactMatch'],
      measure: { metric: 'ExactMatch', repeats: 2 },
      notes: ['1 records that are child spans were left out.', '1 samples ended in an error: they have no verdict.'],
    });
  });

  it('reads a table with objects as text, and by another score that is asked for', async () => {
    const cell = (value: unknown): string =>
      `"${(typeof value === 'string' ? value : JSON.stringify(value)).replaceAll('"', '""')}"`;
    const names = ['id', 'span_id', 'root_span_id', 'input', 'output', 'expected', 'scores'] as const;
    const table = [
      names.join(','),
      ...events.slice(0, 2).map((row) => names.map((name) => cell(row[name])).join(',')),
    ].join('\n');
    const path = folder.write('table.csv', table);
    expect((await read(openEvaluationImport(path))).rows.map(({ verdict }) => verdict)).toEqual(['right', 'wrong']);
    const { rows } = await read(openEvaluationImport(path, { variant: 'Factuality' }));
    expect(rows.map(({ verdict, score }) => [verdict, score])).toEqual([
      [null, 0.6],
      [null, 0.6],
    ]);
  });
});

describe('hostile exports', () => {
  it('counts what is no sample, and takes no text for a score', async () => {
    const path = folder.write(
      'hostile.jsonl',
      `${jsonl([
        { 'inputs.q': 'a', 'outputs.a': [[[1]]], 'feedback.ok': 'certainly', example_id: 7, error: '' },
        { 'inputs.q': null, 'outputs.a': null, 'feedback.ok': {}, example_id: null },
        { 'inputs.q': '{broken', 'outputs.a': "{'a': }", 'feedback.ok': true, example_id: 'x' },
      ])}[1, 2]\n{"inputs.q": "cut`,
    );
    const { rows, problems } = await read(openEvaluationImport(path, { format: 'langsmith' }));
    expect(rows.map(({ sampleId, verdict }) => [sampleId, verdict])).toEqual([
      ['7', null],
      ['x', 'right'],
    ]);
    expect(problems).toEqual(['2 missing-field input', '4 not-an-object', '5 bad-json']);
  });

  it('says which score there is when another was asked for', async () => {
    const path = json('one.json', {
      events: [{ id: '1', span_id: '1', root_span_id: '1', input: 'a', scores: { ok: 1 } }],
    });
    expect(await failureOf(read(openEvaluationImport(path, { variant: 'nope' })))).toContain('There is: ok.');
  });
});
