import { isDeepStrictEqual } from 'node:util';
import { parse } from 'yaml';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { SpecCheck } from '../../shared/contract/views.ts';

type Plain = Record<string, unknown>;
export type SpecDifference = NonNullable<SpecCheck['difference']>;

/** A copy of `spec` with the value at a dotted path replaced; objects on the way are made. */
export function withValue(spec: Plain, path: string, value: unknown): Plain {
  const [head, ...rest] = path.split('.');
  if (head === undefined || head === '' || head === '__proto__') {
    throw new WorkbenchError('bad-input', `“${path}” is not a path into a run spec.`, { place: { field: path } });
  }
  if (rest.length === 0) return { ...spec, [head]: value };
  const child = spec[head];
  return { ...spec, [head]: withValue(isPlain(child) ? child : {}, rest.join('.'), value) };
}

/** Reads `path=value` as typed in a terminal; the value is YAML, so `1e-4`, `true`, `[a, b]` and `null` are what they look like. */
export function parseAssignment(text: string): { path: string; value: unknown } {
  const at = text.indexOf('=');
  if (at <= 0) {
    throw new WorkbenchError('bad-input', `“${text}” does not say what to set.`, {
      remedy: 'Write path=value, for example guard.weight=0.5.',
    });
  }
  return { path: text.slice(0, at).trim(), value: parse(text.slice(at + 1)) as unknown };
}

/** Every leaf in which two specs differ, in the order of the second; lists are compared as wholes. */
export function specDifference(from: unknown, to: unknown, path = ''): SpecDifference {
  if (isDeepStrictEqual(from ?? null, to ?? null)) return [];
  if (!isPlain(from) || !isPlain(to)) return [{ path, from: from ?? null, to: to ?? null }];
  const keys = new Set([...Object.keys(to), ...Object.keys(from)]);
  return [...keys].flatMap((key) => specDifference(from[key], to[key], path === '' ? key : `${path}.${key}`));
}

/** Every combination of the varied values: the last path changes fastest. */
export function combinations(
  vary: readonly { path: string; values: readonly unknown[] }[],
): { path: string; value: unknown }[][] {
  return vary.reduce<{ path: string; value: unknown }[][]>(
    (done, { path, values }) => done.flatMap((settings) => values.map((value) => [...settings, { path, value }])),
    [[]],
  );
}

function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
