import { describe, expect, it } from 'vitest';
import { openEvaluationImport } from '../../../src-main/imports/index.ts';
import { jsonl, read, tempFolder } from '../fixtures.ts';
import { briefly } from './results.ts';

const folder = tempFolder();
const json = (name: string, value: unknown): string => folder.write(name, JSON.stringify(value));

describe('LangSmith', () => {
  it('reads an experiment that pandas saved as CSV: empty cells, Python’s dicts, errors', async () => {
    const path = folder.write(
      'experiment.csv',
      [
        'inputs.question,outputs.answer,error,reference.answer,feedback.correctness,feedback.brevity,execution_time,example_id,id',
        '2+2?,4,,4,1.0,0.5,0.21,ex-1,run-1',
        '3+3?,"{\'text\': ""It\'s 7""}",,6,0.0,1.0,0.3,ex-2,run-2',
        '4+4?,,RateLimitError(),8,,,0.1,ex-3,run-3',
        '5+5?,10,,10,1.0,0.25,0.2,ex-4,run-4',
      ].join('\n'),
    );
    const { rows, problems, stream } = await read(openEvaluationImport(path));
    expect(problems).toEqual([]);
    expect(briefly(rows)).toEqual([
      ['2+2?', '4', '4', 'right', 1, undefined],
      ['3+3?', "It's 7", '6', 'wrong', 0, undefined],
      ['4+4?', null, '8', null, null, ['error']],
      ['5+5?', '10', '10', 'right', 1, undefined],
    ]);
    expect(rows.map(({ sampleId }) => sampleId)).toEqual(['ex-1', 'ex-2', 'ex-3', 'ex-4']);
    expect(stream.metadata()).toMatchObject({
      format: 'langsmith',
      tool: { name: 'langsmith', version: null },
      measure: { metric: 'correctness', repeats: 1 },
      notes: ['1 samples ended in an error: they have no verdict.'],
    });
  });

  it('reads examples with their runs: several are attempts, feedback is a label or a mean', async () => {
    const run = (answer: string, feedback: object) => ({
      outputs: { messages: [{ role: 'assistant', content: answer }] },
      error: null,
      feedback_stats: feedback,
    });
    const path = json('with-runs.json', {
      examples_with_runs: [
        {
          id: 'a',
          inputs: { messages: [{ role: 'user', content: 'Hi' }] },
          outputs: { answer: 'Hello' },
          runs: [
            run('Hello', { judge: { n: 1, avg: null, values: { Correct: 1 } } }),
            run('Bye', { judge: { n: 1, avg: null, values: { Incorrect: 1 } } }),
          ],
        },
        {
          id: 'b',
          inputs: { question: 'Q', context: 'C' },
          outputs: null,
          runs: [run('A', { judge: { n: 1, values: { Correct: 1 } } })],
        },
      ],
    });
    const { rows, stream } = await read(openEvaluationImport(path));
    expect(
      rows.map(({ sampleId, prompt, output, verdict, attempts }) => [sampleId, prompt, output, verdict, attempts]),
    ).toEqual([
      ['a', 'Hi', 'Hello', 'right', undefined],
      ['a', 'Hi', 'Bye', 'wrong', [{ number: 2, output: 'Bye', score: 0, verdict: 'wrong' }]],
      ['b', 'context: C\nquestion: Q', 'A', 'right', undefined],
    ]);
    expect(stream.metadata().measure).toMatchObject({ metric: 'judge', repeats: 2 });
  });

  it('reads runs with feedback statistics, and what is uploaded as an experiment', async () => {
    const runs = folder.write(
      'runs.jsonl',
      jsonl([
        {
          id: 'r1',
          name: 'target',
          inputs: { q: 'x' },
          outputs: { output: 'y' },
          error: null,
          reference_example_id: 'e1',
          parent_run_id: null,
          feedback_stats: { ok: { n: 1, avg: 0 } },
        },
        {
          id: 'r2',
          name: 'llm',
          inputs: {},
          outputs: {},
          error: null,
          reference_example_id: null,
          parent_run_id: 'r1',
          feedback_stats: {},
        },
        {
          id: 'r3',
          name: 'target',
          inputs: { q: 'z' },
          outputs: { output: 'w' },
          error: null,
          reference_example_id: 'e2',
          parent_run_id: null,
          feedback_stats: { ok: { n: 2, avg: 1 } },
        },
      ]),
    );
    const first = await read(openEvaluationImport(runs));
    expect(briefly(first.rows)).toEqual([
      ['x', 'y', undefined, 'wrong', 0, undefined],
      ['z', 'w', undefined, 'right', 1, undefined],
    ]);
    expect(first.stream.metadata().notes).toEqual(['1 records that are child runs were left out.']);
    const upload = json('upload.json', {
      experiment_name: 'nightly',
      dataset_name: 'sums',
      results: [
        {
          row_id: '1',
          inputs: { q: '1+1' },
          expected_outputs: { a: '2' },
          actual_outputs: { a: '3' },
          evaluation_scores: [
            { key: 'correct', score: false },
            { key: 'tone', value: 'dry' },
          ],
        },
      ],
    });
    const second = await read(openEvaluationImport(upload));
    expect([briefly(second.rows), second.stream.metadata().models, second.stream.metadata().tasks]).toEqual([
      [['1+1', '3', '2', 'wrong', 0, undefined]],
      ['nightly'],
      ['sums'],
    ]);
  });
});
