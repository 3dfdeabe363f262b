import { describe, expect, it } from 'vitest';
import { openEvaluationImport, parseFieldMap } from '../../../src-main/imports/index.ts';
import { readLmEvalSample } from '../../../src-main/imports/evaluations/lm-eval-sample.ts';
import { failureOf, jsonl, read, tempFolder } from '../fixtures.ts';

const folder = tempFolder();
const at = '2026-01-02T03-04-05.678901';

interface Generation {
  doc_id: number;
  exact_match: number;
  filter: string;
}
const generation = ({ doc_id, exact_match, filter }: Generation): object => ({
  doc_id,
  doc: { question: `q${doc_id}`, subject: doc_id % 2 === 0 ? 'even' : 'odd' },
  target: '#### 4',
  arguments: {
    gen_args_0: {
      arg_0: `Q: q${doc_id}`,
      arg_1: { until: ['\n\n'], do_sample: false, temperature: 0.7, max_gen_toks: 64 },
    },
  },
  resps: [['The answer is 4.']],
  filtered_resps: ['4'],
  filter,
  metrics: ['exact_match'],
  exact_match,
});

describe('a folder of several tasks', () => {
  const write = (): string => {
    const strict = [0, 1].map((doc_id) => generation({ doc_id, exact_match: 0, filter: 'strict-match' }));
    const flexible = [0, 1].map((doc_id) => generation({ doc_id, exact_match: 1, filter: 'flexible-extract' }));
    folder.write(`run/model/samples_gsm8k_${at}.jsonl`, jsonl([...strict, ...flexible]));
    folder.write(
      `run/model/samples_gsm8k_2025-01-02T03-04-05.678901.jsonl`,
      jsonl([generation({ doc_id: 9, exact_match: 1, filter: 'strict-match' })]),
    );
    const choice = {
      doc_id: 0,
      target: 1,
      arguments: [
        ['Sky?', ' green'],
        ['Sky?', ' blue'],
      ],
      resps: [[[-3.5, false]], [[-1.25, true]]],
      filtered_resps: [
        [-3.5, false],
        [-1.25, true],
      ],
      acc: 1,
      acc_norm: 0,
      brier: [0.1, 0.2],
    };
    folder.write(
      `run/model/samples_sky_colour_${at}.jsonl`,
      `${JSON.stringify(choice).slice(0, -1)}, "likelihood": NaN}\n`,
    );
    folder.write(
      `run/model/results_${at}.json`,
      JSON.stringify({
        lm_eval_version: '0.4.9',
        model_name: 'org/model',
        higher_is_better: { gsm8k: { exact_match: true } },
      }),
    );
    return folder.path('run');
  };

  it('takes the newest samples of each task, the first filter, and every metric', async () => {
    const { rows, problems, stream } = await read(openEvaluationImport(write()));
    expect(problems).toEqual([]);
    expect(rows).toEqual([
      {
        sampleId: 'gsm8k/0',
        prompt: 'Q: q0',
        target: '#### 4',
        output: 'The answer is 4.',
        score: 0,
        verdict: 'wrong',
        slices: ['gsm8k'],
      },
      expect.objectContaining({ sampleId: 'gsm8k/1', verdict: 'wrong' }),
      {
        sampleId: 'sky_colour/0',
        prompt: 'Sky?',
        target: 'blue',
        output: 'blue',
        score: -1.25,
        verdict: 'right',
        slices: ['sky_colour'],
        metrics: Object.assign(Object.create(null), {
          acc_norm: 0,
          'brier[0]': 0.1,
          'brier[1]': 0.2,
          options: 2,
          // Softmax of −3.5 and −1.25.
          confidence: 1 / (1 + Math.exp(-2.25)),
        }),
      },
    ]);
    expect(stream.metadata()).toMatchObject({
      tool: { name: 'lm-evaluation-harness', version: '0.4.9' },
      tasks: ['gsm8k', 'sky_colour'],
      models: ['org/model'],
      decoding: { temperature: 0, maxNewTokens: 64, stop: ['\n\n'] },
      verdictFrom: 'Metric exact_match, acc: 1 is right, 0 is wrong.',
      scoreMeaning: 'Score: metric exact_match; log-probability of the right option, in nats.',
      variant: 'strict-match',
      variants: ['strict-match', 'flexible-extract', 'none', 'acc', 'acc_norm', 'brier[0]', 'brier[1]'],
      notes: [
        '2 samples of filters other than “strict-match” of gsm8k were left out.',
        '1 older samples file was left out: the newest of each task counts.',
      ],
    });
    expect(stream.metadata().files.map(({ name }) => name)).toEqual([
      `model/results_${at}.json`,
      `model/samples_gsm8k_${at}.jsonl`,
      `model/samples_sky_colour_${at}.jsonl`,
    ]);
  });

  it('takes another filter, and fields a mapping adds, from a single file', async () => {
    write();
    const path = folder.path(`run/model/samples_gsm8k_${at}.jsonl`);
    const { rows, stream } = await read(
      openEvaluationImport(path, {
        variant: 'flexible-extract',
        map: parseFieldMap('slice=doc.subject,cluster=doc.question'),
      }),
    );
    expect(rows.map(({ sampleId, verdict, slices, cluster }) => [sampleId, verdict, slices, cluster])).toEqual([
      ['gsm8k/0', 'right', ['gsm8k', 'even'], 'q0'],
      ['gsm8k/1', 'right', ['gsm8k', 'odd'], 'q1'],
    ]);
    expect(stream.metadata().models).toEqual(['org/model']);
    expect(await failureOf(read(openEvaluationImport(path, { variant: 'loose' })))).toBe(
      'not-found: The source has no variant “loose”. — There is: strict-match, flexible-extract.',
    );
  });

  it('asks which model is meant when there are several', async () => {
    const line = jsonl([generation({ doc_id: 0, exact_match: 1, filter: 'none' })]);
    folder.write(`two/a/samples_t_${at}.jsonl`, line);
    folder.write(`two/b/samples_t_${at}.jsonl`, line);
    expect(await failureOf(openEvaluationImport(folder.path('two')))).toMatch(
      /of 2 models\. — Import one of its folders: a, b\./,
    );
  });
});

describe('readLmEvalSample', () => {
  it('reads loglikelihood as numbers or texts, greedy or not, infinite or missing', () => {
    const sample = (answer: unknown): object => ({
      arguments: [['Once', ' upon']],
      target: ' upon',
      resps: [[answer]],
      filtered_resps: [answer],
    });
    const brief = (answer: unknown): unknown[] => {
      const { kind, output, targetLogProb } = readLmEvalSample(sample(answer));
      return [kind, output, targetLogProb];
    };
    expect(brief(['-0.5', 'True'])).toEqual(['loglikelihood', ' upon', -0.5]);
    expect(brief([-2.5, false])).toEqual(['loglikelihood', null, -2.5]);
    expect(brief(['-inf', 'False'])).toEqual(['loglikelihood', null, null]);
    expect(brief([null, 'False'])).toEqual(['loglikelihood', null, null]);
  });

  it('reads rolling likelihood, chat prompts and lists of responses', () => {
    expect(readLmEvalSample({ arguments: [['A text.']], target: 'A text.', filtered_resps: [-12.5] })).toMatchObject({
      kind: 'rolling',
      prompt: 'A text.',
      targetLogProb: -12.5,
    });
    const chat = JSON.stringify([{ role: 'user', content: 'Hi' }]);
    expect(
      readLmEvalSample({
        arguments: { gen_args_0: { arg_0: [chat], arg_1: {} } },
        target: 'x',
        resps: [['Hello']],
        filtered_resps: [['Hello']],
      }),
    ).toMatchObject({
      kind: 'generation',
      prompt: 'Hi',
      output: 'Hello',
    });
  });

  it('does not take a generated pair for a likelihood', () => {
    expect(
      readLmEvalSample({ arguments: [['p', {}]], target: '4', resps: [['4', 'no']], filtered_resps: [['4', 'no']] })
        .kind,
    ).toBe('generation');
  });

  it('sees options that are contexts, and half of the requests that are none', () => {
    const contexts = [
      ['The cup is full because the cup', ' is small.'],
      ['The cup is full because the jug', ' is small.'],
    ];
    const pair = [
      [-1, false],
      [-2, false],
    ];
    expect(readLmEvalSample({ arguments: contexts, target: '1', filtered_resps: pair })).toMatchObject({
      kind: 'choice',
      prompt: 'The cup is full because the … is small.',
      target: 'The cup is full because the jug',
      output: 'The cup is full because the cup',
      targetLogProb: -2,
    });
    const mutual = [
      ['Q', ' a'],
      ['Q', ' b'],
      ['', ' a'],
      ['', ' b'],
    ];
    const four = [...pair, [-0.1, false], [-0.2, false]];
    expect(readLmEvalSample({ arguments: mutual, target: '0', filtered_resps: four })).toMatchObject({
      output: 'a',
      target: 'a',
      targetLogProb: -1,
    });
  });
});

/** A task's samples file of one folder, read. */
async function readTask(task: string, records: object[], options: object = {}, results: object | null = null) {
  const name = `${task}-${Math.random().toString(36).slice(2)}`;
  const path = folder.write(`${name}/samples_${task}_${at}.jsonl`, jsonl(records));
  if (results !== null) folder.write(`${name}/results_${at}.json`, JSON.stringify(results));
  return read(openEvaluationImport(path, options));
}

const answer = (doc_id: number, metrics: object, more: object = {}): object => ({
  doc_id,
  target: '4',
  arguments: [[`q${doc_id}`, { until: [], do_sample: true, temperature: 0.2 }]],
  resps: [['4']],
  filtered_resps: ['4'],
  ...metrics,
  ...more,
});

describe('what judges a task is decided by its whole file', () => {
  const orders = <T>(records: readonly T[]): T[][] =>
    records.map((_, index) => [...records.slice(index), ...records.slice(0, index)]);

  // Whichever line comes first, the same metric judges: fractions, NaN and missing values on single lines decide nothing.
  it.each([
    [
      'pass@k',
      [
        { 'pass@2': 1, 'pass@64': 1 },
        { 'pass@2': 0.1, 'pass@64': 1 },
        { 'pass@2': 0, 'pass@64': 0 },
      ],
      'pass@64',
      ['right', 'right', 'wrong'],
    ],
    ['fractions', [{ acc: 1 }, { acc: 0.5 }, { acc: 0 }], 'acc', [null, null, null]],
    [
      'a metric that is missing at first',
      [{ other: 3 }, { exact_match: 1, other: 2 }, { exact_match: 0, other: 1 }],
      'exact_match',
      [null, 'right', 'wrong'],
    ],
    [
      'a metric that is not a number at first',
      [{ acc: null }, { acc: 1 }, { acc: 0 }],
      'acc',
      [null, 'right', 'wrong'],
    ],
    ['truth values', [{ strict: true }, { strict: false }, { strict: true }], 'strict', ['right', 'wrong', 'right']],
    [
      'nothing but what falls with goodness',
      [{ perplexity: 1 }, { perplexity: 0 }, { perplexity: 1 }],
      'perplexity',
      [null, null, null],
    ],
  ])('%s', async (_what, metrics, metric, verdicts) => {
    const records = metrics.map((one, id) => answer(id, one));
    for (const ordered of orders(records)) {
      const { rows, stream } = await readTask('t', ordered);
      const byId = Object.fromEntries(rows.map(({ sampleId, verdict }) => [sampleId, verdict]));
      expect(verdicts.map((_, id) => byId[`t/${id}`])).toEqual(verdicts);
      expect(stream.metadata().measure.metric).toBe(metric);
    }
  });

  it('knows MC2 for a share of probability even where all its values are 0 or 1', async () => {
    const { rows } = await readTask('truthfulqa_mc2', [answer(0, { acc: 1 }), answer(1, { acc: 0 })]);
    expect(rows.map(({ verdict, score }) => [verdict, score])).toEqual([
      [null, 1],
      [null, 0],
    ]);
  });

  it('takes no score from --predict_only', async () => {
    const { rows } = await readTask('t', [answer(0, { metrics: ['bypass'], bypass: 999 })]);
    expect(rows[0]).toMatchObject({ score: null, verdict: null });
    expect(rows[0]?.metrics).toBeUndefined();
  });

  it('takes the same filter and metric of two files that list them in another order', async () => {
    const lines = ['flexible-extract', 'strict-match', 'a-third'].flatMap((filter, i) =>
      [0, 1].map((id) => answer(id, { exact_match: i === 0 ? 1 : 0 }, { filter })),
    );
    for (const ordered of orders(lines)) {
      const { stream } = await readTask('gsm8k', ordered);
      expect(stream.metadata().measure).toMatchObject({ filter: 'strict-match', metric: 'exact_match' });
    }
  });

  it('takes another filter, another metric, or both', async () => {
    const lines = ['strict', 'loose'].flatMap((filter, i) =>
      [0, 1].map((id) => answer(id, { acc: i, acc_norm: 1 - i }, { filter })),
    );
    const judged = async (variant: string) => {
      const { rows, stream } = await readTask('t', lines, { variant });
      const { filter, metric } = stream.metadata().measure;
      return [filter, metric, rows[0]?.verdict];
    };
    expect(await judged('strict')).toEqual(['strict', 'acc', 'wrong']);
    expect(await judged('acc_norm')).toEqual(['loose', 'acc_norm', 'wrong']);
    expect(await judged('strict/acc_norm')).toEqual(['strict', 'acc_norm', 'right']);
  });

  it('says what it was judged by: version of the task, chat template, repeats', async () => {
    const results = {
      lm_eval_version: '0.4.9',
      versions: { t: 3 },
      chat_template_sha: 'abcdef0123456789',
      chat_template: '…',
    };
    const { stream } = await readTask('t', [answer(0, { acc: 1 })], {}, results);
    expect(stream.metadata().measure).toMatchObject({
      tool: 'lm-evaluation-harness',
      toolVersion: '0.4.9',
      taskVersion: '3',
      template: 'abcdef012345',
      repeats: 1,
      decoding: { temperature: 0.2 },
    });
  });
});

describe('the gold option', () => {
  const choice = (options: string[], target: unknown, logProbs: number[], acc: number): object => ({
    doc_id: Math.random().toString(36),
    target,
    arguments: options.map((option) => ['Q', ` ${option}`]),
    filtered_resps: logProbs.map((value) => [value, false]),
    resps: [],
    acc,
  });
  const numbers = ['8', '2', '24', '120'];
  const colours = ['red', 'blue', 'green', 'grey'];

  it.each([
    [
      'indices, one record with words',
      [choice(numbers, '2', [-9, -8, -1, -7], 1), choice(colours, '2', [-2, -2, -1, -3], 1)],
      ['24', 'green'],
    ],
    [
      'texts, one record that no index fits',
      [choice(numbers, '2', [-9, -1, -8, -7], 1), choice(numbers, '120', [-9, -8, -7, -1], 1)],
      ['2', '120'],
    ],
    [
      'indices by the accuracy alone',
      [choice(numbers, '2', [-9, -8, -1, -7], 1), choice(['1', '2', '3'], '1', [-1, -2, -3], 0)],
      ['24', '2'],
    ],
    [
      'texts by the accuracy alone',
      [choice(numbers, '2', [-9, -1, -8, -7], 1), choice(['3', '2', '1'], '1', [-3, -2, -1], 1)],
      ['2', '1'],
    ],
    ['letters', [choice(['A', 'B'], 'B', [-2, -1], 1)], ['B']],
    ['a list is no option', [choice(colours, [0, 1], [-1, -2, -3, -4], 1)], ['[0,1]']],
  ])('%s', async (_what, records, targets) => {
    const { rows } = await readTask('t', records);
    expect(rows.map(({ target }) => target)).toEqual(targets);
  });

  it('gives the number of options and how sure the model was', async () => {
    const { rows } = await readTask('t', [choice(colours, '0', [0, -Math.log(2), -Math.log(4), -Math.log(4)], 1)]);
    expect(rows[0]?.metrics).toMatchObject({ options: 4 });
    expect(rows[0]?.metrics?.['confidence']).toBeCloseTo(0.5, 12);
  });
});

describe('several answers to one prompt', () => {
  it('are attempts where each was judged', async () => {
    const { rows, stream } = await readTask('t', [
      answer(0, { exact_match: [1, 0, 1] }, { resps: [['a', 'b', 'c']], filtered_resps: [['a', 'b', 'c']] }),
    ]);
    expect(rows[0]?.attempts?.map(({ number, output, verdict }) => [number, output, verdict])).toEqual([
      [1, 'a', 'right'],
      [2, 'b', 'wrong'],
      [3, 'c', 'right'],
    ]);
    expect(stream.metadata().measure.repeats).toBe(3);
  });

  it('are none of a file whose metrics count other answers than it keeps: every sample then has one verdict', async () => {
    // Three of 64 answers were kept; the last one's 0 alone would fit three answers.
    const kept = { resps: [['a', 'b', 'c']], filtered_resps: [['a', 'b', 'c']] };
    const { rows, stream } = await readTask('t', [
      answer(0, { 'pass@2': 0.09226190476190477, 'pass@64': 1 }, kept),
      answer(1, { 'pass@2': 0, 'pass@64': 0 }, kept),
    ]);
    expect(rows.map(({ solved, attempts, verdict }) => [solved, attempts, verdict])).toEqual([
      [undefined, undefined, 'right'],
      [undefined, undefined, 'wrong'],
    ]);
    expect(stream.metadata().measure.repeats).toBe(1);
  });

  // pass@k = 1 − C(n−c, k)/C(n, k): with n = 5, c = 2: pass@1 = 0.4, pass@2 = 1 − 3/10.
  it.each([
    [{ 'pass@1': 0.4 }, 2],
    [{ 'pass@2': 0.7 }, 2],
    [{ 'pass@2': 0 }, 0],
    [{ 'pass@1': 1 }, 5],
    [{ 'pass@2': 1 }, null],
    [{ 'pass@2': 0.123 }, null],
    [{ 'pass@8': 1 }, null],
  ])('of which %j names how many were right', async (metrics, right) => {
    const { rows } = await readTask('t', [answer(0, metrics, { resps: [['a', 'b', 'c', 'd', 'e']] })]);
    expect(rows[0]?.solved ?? null).toEqual(right === null ? null : { attempts: 5, right });
  });
});
