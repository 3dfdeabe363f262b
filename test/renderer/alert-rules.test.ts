import { expect, test } from 'vitest';
import { isAlert } from '../../src-main/shared/domain/alerts.ts';
import { stepMetricNames } from '../../src-main/shared/domain/metrics.ts';
import { nextRule, ruleMetrics, ruleOf, typedRule } from '../../src-renderer/format/alert-rules.ts';

test('a rule is the same text after the form has taken it apart, whole or not', () => {
  const rules = ['nfr>2%', 'rewards/margins<0', 'kl/pre>1e-3', 'nfr>', '', 'loss<x y'];
  expect(rules.map((rule) => ruleOf(typedRule(rule)))).toEqual([...rules.slice(0, 4), '>', 'loss<x y']);
  expect(typedRule('  nfr >= 0.02 ')).toEqual({ metric: 'nfr', sign: '>', limit: '0.02' });
});

test('a rule can be about the flips and every curve, and a new one is about what none is about yet', () => {
  const metrics = ruleMetrics('my/own').map(({ name }) => name);
  expect(metrics).toEqual(['nfr', ...stepMetricNames, 'my/own']);
  expect(ruleMetrics('loss')).toHaveLength(metrics.length - 1);
  expect(metrics.every((name) => isAlert(`${name}>0.5`))).toBe(true);
  expect([nextRule([]), nextRule(['nfr<1']), nextRule(['nfr>2%', 'kl/pre>1', 'rewards/margins<0'])]).toEqual([
    'nfr>2%',
    'kl/pre>10',
    'loss>',
  ]);
});
