import { describe, expect, it } from 'vitest';
import { GoldTally } from '../../../src-main/imports/evaluations/lm-eval-gold.ts';
import { readLmEvalMetrics } from '../../../src-main/imports/evaluations/lm-eval-metrics.ts';
import { readLmEvalTail } from '../../../src-main/imports/evaluations/lm-eval-tail.ts';
import { filterOf } from '../../../src-main/imports/evaluations/lm-eval-survey.ts';

/** A line as the harness writes it (Python's separators), or as JavaScript does. */
const lines = (record: object): Buffer[] => {
  const compact = JSON.stringify(record);
  return [Buffer.from(compact), Buffer.from(JSON.stringify(record, null, 1).replaceAll(/\n\s*/g, ' '))];
};
const sample = (target: unknown, options: readonly string[], more: object = {}, before: object = {}) => ({
  doc_id: 3,
  doc: { question: 'q, "filter": "x", "target": "9"', filter: 'inner', target: 7, ...before },
  target,
  arguments: Object.fromEntries(options.map((option, i) => [`gen_args_${i}`, { arg_0: 'q', arg_1: option }])),
  resps: options.map(() => [['-1.25', 'False']]),
  filtered_resps: options.map(() => ['-1.25', 'False']),
  filter: 'none',
  metrics: ['acc', 'acc_norm'],
  doc_hash: 'h',
  acc: 1,
  acc_norm: 0.5,
  ...more,
});

describe('the end of a line of samples', () => {
  const letters = [' a', ' b', ' c', ' d'];
  const cases: [string, object, boolean][] = [
    ['an index among letters', sample('2', letters), true],
    ['a number for an index', sample(3, letters), true],
    ['an index beyond the options', sample('4', letters), true],
    ['a text', sample('a', letters), true],
    ['a text with keys in it', sample('", "target": "1", "arguments": {"', letters), true],
    ['no target', sample(null, letters), true],
    ['a target that is a list', sample(['1'], letters), true],
    ['one request', sample('18', [' 18']), true],
    [
      'truth values and umlauts',
      sample('0', letters, { metrics: ['größe'], größe: true, filter: 'strict-match' }),
      true,
    ],
    ['numbers as options', sample('2', [' 1', ' 2', ' 3']), false],
    ['a metric that is a list', sample('2', letters, { acc: [1, 0] }), false],
    ['a metric with a filter of its own', sample('2', letters, { acc: { filter: 1 } }), false],
    ['metrics that are not named', sample('2', letters, { metrics: undefined }), false],
    [
      'requests without a context',
      sample('0', letters, {
        arguments: { gen_args_0: { arg_0: 'q', arg_1: ' a' }, gen_args_1: { arg_0: '', arg_1: ' a' } },
      }),
      false,
    ],
    [
      'arguments as lists',
      sample('0', letters, {
        arguments: [
          ['q', ' a'],
          ['q', ' b'],
        ],
      }),
      false,
    ],
  ];

  it.each(cases)('says of %s what the whole line says, or leaves it to the whole line', (_name, record, isRead) => {
    for (const line of lines(record)) {
      const whole: unknown = JSON.parse(line.toString('utf8'));
      const tail = readLmEvalTail(line);
      expect(tail !== null).toBe(isRead);
      if (tail === null) continue;
      // After a record that reads as an index: one that says nothing leaves it so, one that is a text does not.
      const readings = [false, true].map((isPrimed) => {
        const [fromTail, fromWhole] = [new GoldTally(), new GoldTally()];
        for (const tally of [fromTail, fromWhole]) if (isPrimed) tally.count('index');
        fromTail.count(tail.gold);
        fromWhole.add(whole);
        return [fromTail.reading(), fromWhole.reading()];
      });
      expect(readings.map(([fromTail]) => fromTail)).toEqual(readings.map(([, fromWhole]) => fromWhole));
      expect([filterOf(tail.record), { ...readLmEvalMetrics(tail.record) }]).toEqual([
        filterOf(whole),
        { ...readLmEvalMetrics(whole) },
      ]);
    }
  });

  it.each(['', '{}', '{"filter": "x"}', '{"doc_id": 1, "target": "1", "arguments": {', 'nonsense, "filter":'])(
    'leaves %s to be read as a whole',
    (text) => {
      expect(readLmEvalTail(Buffer.from(text))).toBeNull();
    },
  );
});
