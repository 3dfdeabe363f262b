import { isPlainObject } from '../field-path.ts';

const maxMetrics = 200;

/** Metrics by name. Without a prototype, so that a metric called `__proto__` is a name like any other. */
export function newMetrics(): Record<string, number> {
  return Object.create(null) as Record<string, number>;
}

/**
 * Adds a metric's numbers: a number or truth value under its name, lists and objects with index or key behind it. What is
 * not finite (lm-eval writes NaN) or no number is left out.
 */
export function addMetric(metrics: Record<string, number>, name: string, value: unknown, depth = 0): void {
  if (Object.keys(metrics).length >= maxMetrics || depth > 3) return;
  if (typeof value === 'boolean') metrics[name] = value ? 1 : 0;
  else if (typeof value === 'number' && Number.isFinite(value)) metrics[name] = value;
  else if (Array.isArray(value)) {
    value.forEach((entry: unknown, index) => addMetric(metrics, `${name}[${index}]`, entry, depth + 1));
  } else if (isPlainObject(value)) {
    for (const key of Object.keys(value)) addMetric(metrics, `${name}.${key}`, value[key], depth + 1);
  }
}

/** The metrics without one of them; undefined when nothing is left. */
export function metricsWithout(
  metrics: Record<string, number>,
  name: string | null,
): Record<string, number> | undefined {
  if (name !== null) delete metrics[name];
  return Object.keys(metrics).length === 0 ? undefined : metrics;
}
