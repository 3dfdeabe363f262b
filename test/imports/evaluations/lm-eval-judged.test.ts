import { describe, expect, it } from 'vitest';
import { openEvaluationImport } from '../../../src-main/imports/index.ts';
import { jsonl, read, tempFolder } from '../fixtures.ts';

const folder = tempFolder();
const at = '2026-01-02T03-04-05.678901';

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
