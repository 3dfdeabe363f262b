import { describe, expect, it } from 'vitest';
import { findAll, pythonRegex } from '../../../src-main/imports/evaluations/python-regex.ts';
import { openEvaluationImport } from '../../../src-main/imports/index.ts';
import { jsonl, read, tempFolder } from '../fixtures.ts';

const folder = tempFolder();
const at = '2026-01-02T03-04-05.678901';
const regex = { function: 'regex', regex_pattern: String.raw`answer is (\-?[0-9\.\,]*[0-9]+)` };
const [first, majority] = [{ function: 'take_first' }, { function: 'majority_vote' }];
const selfConsistency = {
  repeats: 4,
  filter_list: [
    { name: 'score-first', filter: [regex, first] },
    { name: 'maj@4', filter: [regex, majority, first] },
    { name: 'maj@3', filter: [{ function: 'take_first_k', k: 3 }, regex, majority, first] },
  ],
  metric_list: [{ metric: 'exact_match', ignore_case: true, regexes_to_ignore: [',', String.raw`\$`] }],
};
/** By question: the target, four answers, and what the harness's own filters make of them, worked out by hand. */
const questions = [
  {
    target: '1,200',
    answers: ['answer is 1200', 'answer is 7', 'answer is 1,200.', 'no idea'],
    values: { 'score-first': 1, 'maj@4': 1, 'maj@3': 1 },
  },
  {
    target: '5',
    answers: ['answer is 6', 'answer is 5', 'answer is 6', 'answer is 5'],
    values: { 'score-first': 0, 'maj@4': 0, 'maj@3': 0 },
  },
  {
    target: '8',
    answers: ['no idea', 'answer is 8', 'answer is 8', 'answer is 8'],
    values: { 'score-first': 0, 'maj@4': 1, 'maj@3': 1 },
  },
];

async function importOf(
  config: object | null,
  { variant, values = {} }: { variant?: string; values?: Record<string, number> } = {},
) {
  const name = Math.random().toString(36).slice(2);
  const filters = ['score-first', 'maj@4', 'maj@3'] as const;
  const samples = filters.flatMap((filter) =>
    questions.map(({ target, answers, values: own }, doc_id) => ({
      ...{ doc_id, target, arguments: [[`q${doc_id}`, { until: [], do_sample: true }]], resps: [answers] },
      ...{ filtered_resps: [''], filter, metrics: ['exact_match'] },
      exact_match: values[`${filter} ${doc_id}`] ?? own[filter],
    })),
  );
  const path = folder.write(`${name}/samples_sums_${at}.jsonl`, jsonl(samples));
  if (config !== null) folder.write(`${name}/results_${at}.json`, JSON.stringify({ configs: { sums: config } }));
  const { rows, stream } = await read(openEvaluationImport(path, variant === undefined ? {} : { variant }));
  const { measure, notes } = stream.metadata();
  const verdicts = rows.map(({ attempts, verdict }) =>
    attempts === undefined ? verdict : attempts.map((one) => (one.verdict === 'right' ? 1 : 0)).join(''),
  );
  return { verdicts, outputs: rows.map(({ output }) => output), measure, note: notes.at(-1) };
}

describe('self-consistency', () => {
  it('has a verdict per answer, by the filters of the results file', async () => {
    const { verdicts, measure, note } = await importOf(selfConsistency);
    expect(verdicts).toEqual(['1010', '0101', '0111']);
    expect([measure.repeats, measure.variant, measure.variants]).toEqual([
      4,
      'score-first/each-answer',
      ['score-first', 'maj@4', 'maj@3', 'score-first/each-answer'],
    ]);
    expect(note).toMatch(/by filter and samples: score-first \(3\), maj@4 \(3\), maj@3 \(3\)\.$/);
  });

  it('has the majority’s verdict as a measure of its own, with an answer of the majority', async () => {
    const { verdicts, outputs, measure } = await importOf(selfConsistency, { variant: 'maj@4' });
    expect(verdicts).toEqual(['right', 'wrong', 'right']);
    expect(outputs).toEqual(['answer is 1200', 'answer is 6', 'answer is 8']);
    expect([measure.repeats, measure.filter]).toEqual([1, 'maj@4']);
  });

  it.each<[string, object | null, Record<string, number>, RegExp]>([
    [
      'a majority of the file does not come out',
      selfConsistency,
      { 'maj@4 2': 0 },
      /since maj@4 judged sample 2 otherwise/,
    ],
    ['a program judges', { ...selfConsistency, process_results: 'def f(): …' }, {}, /a program of its own\.$/],
    [
      'its metric is another',
      { ...selfConsistency, metric_list: [{ metric: 'bleu' }] },
      {},
      /no metric exact_match\.$/,
    ],
    [
      'a filter is a program',
      { ...selfConsistency, filter_list: [{ name: 'score-first', filter: [{ function: 'def f(): …' }, first] }] },
      {},
      /the filter “score-first” uses a function of its own\.$/,
    ],
    [
      'a pattern has no equal',
      { ...selfConsistency, filter_list: [{ name: 'score-first', filter: [{ ...regex, regex_pattern: 'a*+' }] }] },
      {},
      /its pattern uses a possessive repetition\.$/,
    ],
    ['nothing says what the filters do', null, {}, /does not say what was asked several times\.$/],
  ])('has one verdict per sample where %s, and says so', async (_, config, values, reason) => {
    const { verdicts, measure, note } = await importOf(config, { values });
    expect([verdicts, measure.repeats]).toEqual([['right', 'wrong', 'wrong'], 1]);
    expect(note).toMatch(reason);
  });
});

/** What Python 3.11's `re.findall` gives. */
describe('patterns of Python', () => {
  it.each<[string, string, (string | string[])[]]>([
    [String.raw`(?i)is (\w+)`, 'It IS naïve, is 4', ['naïve', '4']],
    [
      '(-?[$0-9.,]{2,})|(-?[0-9]+)',
      'so 5 or $1,000.',
      [
        ['', '5'],
        ['$1,000.', ''],
      ],
    ],
    ['.$', 'ab\n', ['b']],
    ['x.y', 'x\u2028y x\ny', ['x\u2028y']],
    ['[]x]+|a{,2}b|{}', ']x aab {}', [']x', 'aab', '{}']],
    [String.raw`(?P<n>\d)(?P=n)`, '33 ٣٣ 34', ['3', '٣']],
    [String.raw`\bé\w*\b|\Z`, 'été aé', ['été', '']],
  ])('%s in %j', (pattern, text, found) => {
    expect(findAll(pythonRegex(pattern), text)).toEqual(found);
  });
});
