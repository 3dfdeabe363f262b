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
