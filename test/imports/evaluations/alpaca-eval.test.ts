import { describe, expect, it } from 'vitest';
import { openEvaluationImport } from '../../../src-main/imports/index.ts';
import { failureOf, read, tempFolder } from '../fixtures.ts';

const folder = tempFolder();
const annotation = (instruction: string, preference: unknown, dataset = 'koala'): object => ({
  instruction,
  output_1: 'baseline’s',
  generator_1: 'davinci',
  output_2: `answer to ${instruction}`,
  generator_2: 'ours',
  dataset,
  annotator: 'gpt4',
  preference,
});
const output = (instruction: string): object => ({
  instruction,
  output: `answer to ${instruction}`,
  generator: 'ours',
  dataset: 'koala',
});

describe('AlpacaEval', () => {
  it('reads every kind of preference', async () => {
    const preferences = [1, 2, 1.0, 2.0, 0, null, 1.3, 1.7, 1.5, 1.50001];
    const path = folder.write(
      'prefs.json',
      JSON.stringify(preferences.map((preference, i) => annotation(`q${i}`, preference))),
    );
    const { rows } = await read(openEvaluationImport(path));
    expect(rows.map(({ verdict }) => verdict)).toEqual([
      'wrong',
      'right',
      'wrong',
      'right',
      'tie',
      null,
      'wrong',
      'right',
      'tie',
      'right',
    ]);
    expect(rows.map(({ score }) => (score === null ? null : Number(score.toFixed(5))))).toEqual([
      0,
      1,
      0,
      1,
      0.5,
      null,
      0.3,
      0.7,
      0.5,
      0.50001,
    ]);
  });

  it('refuses preferences that mean nothing, and reads NaN as missing', async () => {
    const text = `[${[3, -1, 0.5, '"x"'].map((p, i) => JSON.stringify(annotation(`q${i}`, 0)).replace('"preference":0', `"preference":${p}`)).join(',\n')},
      ${JSON.stringify(annotation('q9', 0)).replace('"preference":0', '"preference":NaN')}]`;
    const { rows, problems } = await read(openEvaluationImport(folder.write('odd.json', text)));
    expect(problems).toEqual([
      '1 out-of-range preference',
      '2 out-of-range preference',
      '3 out-of-range preference',
      '4 wrong-type preference',
    ]);
    expect(rows.map(({ verdict }) => verdict)).toEqual([null]);
  });

  it('adds outputs that nobody judged, and pairs models whose files differ in order', async () => {
    folder.write('ours/model_outputs.json', JSON.stringify(['a', 'b', 'c'].map(output)));
    folder.write('ours/gpt4/annotations.json', JSON.stringify([annotation('a', 2), annotation('b', 1)]));
    folder.write(
      'other/gpt4/annotations.json',
      JSON.stringify([annotation('b', 2), annotation('a', 1, 'vicuna'), annotation('a', 1)]),
    );
    const ours = await read(openEvaluationImport(folder.path('ours')));
    const other = await read(openEvaluationImport(folder.path('other')));
    expect(ours.rows.map(({ prompt, verdict, slices }) => [prompt, verdict, slices])).toEqual([
      ['a', 'right', ['koala']],
      ['b', 'wrong', ['koala']],
      ['c', null, ['koala']],
    ]);
    expect(other.rows[0]?.sampleId).toBe(ours.rows[1]?.sampleId);
    expect(other.rows[2]?.sampleId).toBe(ours.rows[0]?.sampleId);
    expect(other.rows[1]?.sampleId).not.toBe(ours.rows[0]?.sampleId);
    expect(ours.stream.metadata()).toMatchObject({
      models: ['ours'],
      ids: 'content',
      variant: 'gpt4',
      variants: ['gpt4'],
    });
  });

  it('takes one annotator of several, and says so', async () => {
    folder.write('many/alpaca_eval_gpt4/annotations.json', JSON.stringify([annotation('a', 1)]));
    folder.write('many/weighted_alpaca_eval_gpt4_turbo/annotations.json', JSON.stringify([annotation('a', 1.9)]));
    const { rows, stream } = await read(openEvaluationImport(folder.path('many')));
    expect(rows[0]?.verdict).toBe('right');
    expect(stream.metadata().notes).toEqual([
      'Of 2 annotators, the verdicts of weighted_alpaca_eval_gpt4_turbo were taken.',
    ]);
    expect(
      (await read(openEvaluationImport(folder.path('many'), { variant: 'alpaca_eval_gpt4' }))).rows[0]?.verdict,
    ).toBe('wrong');
    expect(await failureOf(read(openEvaluationImport(folder.path('many'), { variant: 'x' })))).toMatch(
      /has no variant “x”\. — There is: alpaca_eval_gpt4, weighted_alpaca_eval_gpt4_turbo/,
    );
  });

  /** The verdicts of a file in another order: whatever one reads of it, no sample may change. */
  const judgedBy = (order: 'asc' | 'desc', records: object[]): string =>
    folder.write(`${order}.json`, JSON.stringify(order === 'asc' ? records : records.toReversed()));
  const verdictsOf = async (path: string, variant?: string): Promise<Record<string, string | null>> => {
    const { rows } = await read(openEvaluationImport(path, variant === undefined ? {} : { variant }));
    return Object.fromEntries(rows.map(({ sampleId, verdict }) => [sampleId, verdict]));
  };

  it.each([
    ['annotators by name', ['zoe', 'weighted_alpaca_eval_gpt4_turbo', 'amy'].map((annotator) => ({ annotator }))],
    ['annotators by number', [{ annotator_index: 2 }, { annotator_index: 0 }]],
    [
      'a name and numbers',
      [
        { annotator: 'human', annotator_index: 1 },
        { annotator: 'human', annotator_index: 0 },
      ],
    ],
  ])('takes one of several %s, the same whatever comes first', async (_what, judges) => {
    const records = ['a', 'b', 'c'].flatMap((instruction, i) =>
      judges.map((judge, j) => ({
        ...annotation(instruction, (i + j) % 2 === 0 ? 1 : 2),
        annotator: undefined,
        ...judge,
      })),
    );
    const verdicts = await verdictsOf(judgedBy('asc', records));
    expect(Object.keys(verdicts)).toHaveLength(3);
    expect(await verdictsOf(judgedBy('desc', records))).toEqual(verdicts);
  });

  it('takes the annotator that is asked for, and says who judged against whom', async () => {
    const records = ['a', 'b'].flatMap((instruction) =>
      ['x', 'y'].map((annotator) => ({ ...annotation(instruction, annotator === 'x' ? 2 : 1), annotator })),
    );
    const { rows, stream } = await read(openEvaluationImport(judgedBy('asc', records), { variant: 'y' }));
    expect(rows.map(({ verdict }) => verdict)).toEqual(['wrong', 'wrong']);
    expect(stream.metadata().measure).toMatchObject({
      annotator: 'y',
      baseline: 'davinci',
      variant: 'y',
      variants: ['x', 'y'],
    });
  });

  it('tells the inputs of one instruction apart', async () => {
    const records = ['one', 'two', ''].map((input, i) => ({ ...annotation('Translate', i === 0 ? 2 : 1), input }));
    const { rows } = await read(openEvaluationImport(judgedBy('asc', records)));
    expect(rows.map(({ prompt }) => prompt)).toEqual(['Translate\n\none', 'Translate\n\ntwo', 'Translate']);
    expect(await verdictsOf(judgedBy('desc', records))).toEqual(await verdictsOf(judgedBy('asc', records)));
  });
});
