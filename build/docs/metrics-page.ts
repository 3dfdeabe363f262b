import type { Metric, SuiteMetric } from '../../src-main/shared/domain/metrics.ts';
import { metricNames, metrics, metricSources, suiteMetrics } from '../../src-main/shared/domain/metrics.ts';
import { foreignMetrics } from '../../src-main/shared/domain/foreign-metrics.ts';
import { trainerEventSchema } from '../../src-main/shared/domain/trainer-events.ts';
import { code, page, table } from './markdown.ts';

export function metricsPage(): string {
  return page('Metrics', 'build/docs/metrics-page.ts', [
    'Numbers that runs and evaluations report, under TRL’s names where TRL has one. What comparisons say is explained in [Read the statistics](../how-to/read-the-statistics.md).',
    '## Of a training step',
    'Means over the samples of the step unless said otherwise. The column “Per sample” names the table of the step’s event (`tables.trained`: the rows trained on; `tables.guarded`: the responses that the guard held the policy to) in which the number is also reported sample by sample.',
    ...metricSources.flatMap((source) => [`### ${source}`, stepTable(source)]),
    '## Of a sample of a suite',
    'A sample has a verdict (right, wrong, tie or none), a score that grows with goodness, and these. Log-probs are in nats, summed over tokens.',
    ...Object.entries(suiteMetrics).flatMap(([suite, numbers]) => [`### ${suite}`, suiteTable(numbers)]),
    '## Of an evaluation',
    table(
      ['Metric', 'Meaning'],
      [
        [code('acc'), 'right / (right + wrong)'],
        [code('score'), 'mean score'],
      ],
    ),
    '## Events of a run',
    'Each line of `events.ndjson` in a run’s folder is one of these, with `seq` (from 1) and `at` (ms since epoch).',
    table(
      ['Event', 'Meaning', 'Fields'],
      trainerEventSchema.options.map((event) => [
        code([...event.shape.type.values].join(' ')),
        event.description ?? '',
        Object.keys(event.shape)
          .filter((field) => !['type', 'seq', 'at'].includes(field))
          .map(code)
          .join(', '),
      ]),
    ),
  ]);
}

function stepTable(source: Metric['source']): string {
  const own = metricNames.map((name): [string, Metric] => [name, metrics[name]]);
  const listed = [...own, ...Object.entries(foreignMetrics)].filter(([, metric]) => metric.source === source);
  return table(
    ['Metric', 'Meaning', 'Unit', 'Better', 'Per sample'],
    listed.map(([name, { meaning, unit, better, perStep, perSample }]) => {
      const only = perStep ? '' : ' only';
      return [code(name), meaning, unit, better ?? '', perSample === null ? '' : `${code(perSample)}${only}`];
    }),
  );
}

function suiteTable(numbers: Record<string, SuiteMetric>): string {
  const rows = Object.entries(numbers).map(([name, { meaning, unit, better }]) => [
    code(name),
    meaning,
    unit,
    better ?? '',
  ]);
  return table(['Metric', 'Meaning', 'Unit', 'Better'], rows);
}
