import { flipRate, ruleText } from '../domain/alerts.ts';
import type { AlertRule } from '../domain/alerts.ts';
import { WorkbenchError } from '../domain/errors.ts';
import { foreignMetrics } from '../domain/foreign-metrics.ts';
import { stepMetricNames } from '../domain/metrics.ts';
import { nearestName } from './nearest-name.ts';

/** What a rule can look at in a run that is trained here: the flips and every curve of the registry. */
export const ownAlertMetrics: readonly string[] = [flipRate, ...stepMetricNames];

/** The same of a trainer elsewhere, which logs its evaluations under names of their own. */
export function foreignAlertMetrics(printed: readonly string[]): string[] {
  const curves = [...stepMetricNames, ...Object.keys(foreignMetrics)];
  return [...new Set([flipRate, ...curves, ...curves.map((name) => `eval_${name}`), ...printed])];
}

/** Why a rule would never speak, and what was probably meant; null where its metric is known. */
export function unknownMetric(
  rule: AlertRule,
  known: readonly string[],
): { message: string; meant: string | null } | null {
  if (known.includes(rule.metric)) return null;
  const message = `No known curve is called “${rule.metric}”, so ${ruleText(rule)} might never hold.`;
  return { message, meant: nearestName(rule.metric, known) };
}

/** Refuses a rule on a misspelt metric; → sentences on metrics that nothing known comes near, which a trainer may print yet. */
export function requireAlertMetrics(rules: readonly AlertRule[], known: readonly string[]): string[] {
  return rules.flatMap((rule) => {
    const fault = unknownMetric(rule, known);
    if (fault === null) return [];
    if (fault.meant === null) return [`${fault.message} The alert waits for a curve of that name.`];
    throw new WorkbenchError('bad-input', fault.message, {
      remedy: `Did you mean “${fault.meant}”? A curve that the folder holds already is taken under its own name.`,
    });
  });
}
