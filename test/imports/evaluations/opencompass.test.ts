import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openEvaluationImport } from '../../../src-main/imports/index.ts';
import { read, tempFolder } from '../fixtures.ts';
import { readParts } from './parts.ts';

const folder = tempFolder();
const write = (name: string, value: unknown): string => folder.write(name, JSON.stringify(value, null, 4));
const briefly = (rows: readonly { prompt: string; output: string | null; target?: string; verdict: string | null }[]) =>
  rows.map(({ prompt, output, target, verdict }) => [prompt, output, target, verdict]);

// A run as `opencompass --dump-eval-details` leaves it: two datasets of one model; of one the predictions are in two parts.
const run = 'outputs/default/20260203_101112';
write(`${run}/results/tiny-hf/gsm8k.json`, {
  accuracy: 50,
  details: [
    { example_abbr: 'gsm8k_0', pred: ['4'], answer: ['4'], correct: [true] },
    { example_abbr: 'gsm8k_1', pred: ['7'], answer: ['6'], correct: [false] },
  ],
});
write(`${run}/predictions/tiny-hf/gsm8k_0.json`, {
  '0': { origin_prompt: [{ role: 'HUMAN', prompt: '2 + 2?' }], prediction: 'It is 4.', gold: '#### 4' },
});
write(`${run}/predictions/tiny-hf/gsm8k_1.json`, {
  '0': { origin_prompt: [{ role: 'HUMAN', prompt: '3 + 3?' }], prediction: 'It is 7.', gold: '#### 6' },
});
write(`${run}/results/tiny-hf/piqa.json`, {
  accuracy: 50,
  details: {
    type: 'PPL',
    '0': {
      origin_prediction: { A: { prompt: 'x', PPL: 1.5 }, B: { prompt: 'y', PPL: 2.5 } },
      predictions: 'A',
      references: 'A',
      correct: true,
    },
    '1': {
      origin_prediction: { A: { prompt: 'x', PPL: 1.5 }, B: { prompt: 'y', PPL: 2.5 } },
      predictions: 'A',
      references: 'B',
      correct: false,
    },
  },
});
// What a judge said, before it was counted, and an earlier run of a dataset.
write(`${run}/results/tiny-hf/gsm8k_replica0.json`, { '0': { origin_prompt: 'judge', prediction: 'A' } });
write('outputs/default/20260101_000000/results/tiny-hf/gsm8k.json', { accuracy: 0, details: [] });

describe('OpenCompass', () => {
  it('reads an output folder: each dataset of each model, the newest run, with prompts and answers', async () => {
    const parts = await readParts(folder.path('outputs'));
    expect(parts.map(({ label, problems, rows }) => [label, problems, briefly(rows)])).toEqual([
      [
        'tiny-hf gsm8k',
        [],
        [
          ['2 + 2?', 'It is 4.', '4', 'right'],
          ['3 + 3?', 'It is 7.', '6', 'wrong'],
        ],
      ],
      [
        'tiny-hf piqa',
        [],
        [
          ['', 'A', 'A', 'right'],
          ['', 'A', 'B', 'wrong'],
        ],
      ],
    ]);
    expect(parts[0]?.rows.map(({ sampleId }) => sampleId)).toEqual(['gsm8k/0', 'gsm8k/1']);
    expect(parts[0]?.said).toMatchObject({
      tool: { name: 'opencompass', version: null },
      models: ['tiny-hf'],
      measure: { metric: 'correct', repeats: 1 },
      notes: ['1 results of earlier runs were left out: the newest of each dataset counts.'],
    });
  });

  it('takes several runs of a dataset as attempts at one sample', async () => {
    const at = 'repeated';
    write(`${at}/results/m/aime.json`, {
      'accuracy (2 runs average)': 75,
      'G-Pass@2_0.5': 100,
      details: [
        { example_abbr: 'aime_0', pred: ['1', '2'], answer: ['1', '1'], correct: [true, false], 'G-Pass@2_0.5': 1.0 },
        { example_abbr: 'aime_1', pred: ['5', '5'], answer: ['5', '5'], correct: [true, true], 'G-Pass@2_0.5': 1.0 },
      ],
    });
    const answers = ['one', 'five', 'two', 'five again'];
    write(
      `${at}/predictions/m/aime.json`,
      Object.fromEntries(answers.map((text, i) => [i, { origin_prompt: `Q${i % 2}`, prediction: text }])),
    );
    const [part] = await readParts(folder.path(at));
    expect(part?.rows.map(({ prompt, attempts }) => [prompt, attempts])).toEqual([
      [
        'Q0',
        [
          { number: 1, output: 'one', score: 1, verdict: 'right' },
          { number: 2, output: 'two', score: 0, verdict: 'wrong' },
        ],
      ],
      [
        'Q1',
        [
          { number: 1, output: 'five', score: 1, verdict: 'right' },
          { number: 2, output: 'five again', score: 1, verdict: 'right' },
        ],
      ],
    ]);
    expect(part?.said.measure).toMatchObject({ metric: 'correct', repeats: 2 });
  });

  it('takes the last word of a cascade, and no verdict where the judge gave no grade', async () => {
    const file = write('judged.json', {
      accuracy: 50,
      details: [
        { example_abbr: 'd_0', rule_evaluation: [{ pred: 'a', answer: 'a', correct: true }], cascade_correct: [true] },
        {
          example_abbr: 'd_1',
          rule_evaluation: [{ pred: 'b', answer: 'c', correct: false }],
          llm_evaluation: [{ grade_letter: 'A', llm_correct: true }],
          cascade_correct: [true],
        },
        {
          example_abbr: 'd_2',
          rule_evaluation: [{ pred: 'b', answer: 'd', correct: false }],
          llm_evaluation: [{ grade_letter: 'B', llm_correct: false }],
          cascade_correct: [false],
        },
        {
          example_abbr: 'd_3',
          rule_evaluation: [{ pred: 'b', answer: 'e', correct: false }],
          llm_evaluation: [{ grade_letter: 'unknown', llm_correct: false }],
          cascade_correct: [false],
        },
      ],
    });
    const { rows, stream } = await read(openEvaluationImport(file));
    expect(rows.map(({ output, target, verdict, resultTags }) => [output, target, verdict, resultTags])).toEqual([
      ['a', 'a', 'right', undefined],
      ['b', 'c', 'right', undefined],
      ['b', 'd', 'wrong', undefined],
      ['b', 'e', null, ['error']],
    ]);
    expect([stream.metadata().measure.metric, stream.metadata().notes]).toEqual([
      'cascade_correct',
      ['1 samples have no verdict: their judge gave no grade.'],
    ]);
  });

  it('keeps a fraction as a score, and says how to have details where a file has none', async () => {
    const scored = write('scored.json', {
      score: 60,
      details: { '0': { pred: 'a', answer: 'b', score: 0.2 }, '1': { pred: 'b', answer: 'b', score: 1 } },
    });
    const { rows } = await read(openEvaluationImport(scored));
    expect(rows.map(({ score, verdict }) => [score, verdict])).toEqual([
      [0.2, null],
      [1, null],
    ]);
    write('bare/results/m/d.json', { accuracy: 50 });
    const [bare] = await readParts(folder.path('bare'));
    expect([bare?.rows, bare?.problems]).toEqual([[], ['1 missing-field details']]);
  });

  it('counts what is broken and reads the rest', async () => {
    const text = `{"accuracy": 1, "details": {"0": {"pred": "a", "answer": "a", "correct": true}, "1": 7, "2": {"pred": [[["x"]]], "answer": null, "correct": "maybe"}, "3": {"pred": "d", "corr`;
    const { rows, problems } = await read(openEvaluationImport(folder.write('cut.json', text)));
    expect(rows.map(({ sampleId, verdict }) => [path.basename(sampleId), verdict])).toEqual([
      ['0', 'right'],
      ['1', null],
      ['2', null],
    ]);
    expect(problems).toEqual(['1 truncated']);
  });
});
