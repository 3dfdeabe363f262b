import { flipRate } from '@shared/domain/alerts.ts';
import { metricOf, stepMetricNames } from '@shared/domain/metrics.ts';

/** A rule as it is typed, whole or not. */
export interface TypedRule {
  metric: string;
  sign: '>' | '<';
  limit: string;
}

/** The parts of a rule, as far as it is written. */
export function typedRule(text: string): TypedRule {
  const [, metric = '', sign = '>', limit = ''] = /^\s*([^\s<>]*)\s*([<>])?=?\s*(.*?)\s*$/.exec(text) ?? [];
  return { metric, sign: sign === '<' ? '<' : '>', limit };
}

export function ruleOf({ metric, sign, limit }: TypedRule): string {
  return `${metric}${sign}${limit.trim()}`;
}

/** What a rule can look at: the flips, and every curve; what a rule names already stays, whatever it is. */
export function ruleMetrics(named: string): { name: string; label: string; meaning: string }[] {
  const flips = {
    name: flipRate,
    label: 'negative flips (nfr)',
    meaning: 'Lower bound of the negative flip rate against the start, on each suite: chance alone raises no alert.',
  };
  const known = [flips.name, ...stepMetricNames];
  const others = named === '' || known.includes(named) ? [] : [named];
  return [
    flips,
    ...[...stepMetricNames, ...others].map((name) => ({ name, label: name, meaning: metricOf(name)?.meaning ?? '' })),
  ];
}

const usual = ['nfr>2%', 'kl/pre>10', 'rewards/margins<0'];

/** A rule to begin with, about what no rule is about yet. */
export function nextRule(rules: readonly string[]): string {
  const taken = new Set(rules.map((rule) => typedRule(rule).metric));
  return usual.find((rule) => !taken.has(typedRule(rule).metric)) ?? 'loss>';
}
