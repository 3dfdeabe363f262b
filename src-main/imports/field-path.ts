import { WorkbenchError } from '../shared/domain/errors.ts';

/** A parsed path: property names and array indices, outermost first. */
export interface FieldPath {
  text: string;
  steps: readonly (string | number)[];
}

/** What a path leads to. `found` is false when a step is not there; a null value that is there is found. */
export type Lookup = { found: true; value: unknown } | { found: false };

const missing: Lookup = { found: false };

/**
 * Parses `a.b[0].c`. A name with dots, commas or brackets is quoted: `["acc,none"].value`.
 * @throws WorkbenchError `bad-input` when the text is no path.
 */
export function parseFieldPath(text: string): FieldPath {
  const steps: (string | number)[] = [];
  const pattern = /\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|(?:^|\.)([^.[\]]+)/gy;
  while (pattern.lastIndex < text.length) {
    const at = pattern.lastIndex;
    const match = pattern.exec(text);
    if (match === null) throw notAPath(text, at);
    const [, index, quoted, name] = match;
    if (index !== undefined) steps.push(Number(index));
    else if (quoted !== undefined) steps.push(quoted.replace(/\\(.)/g, '$1'));
    else if (name !== undefined) steps.push(name);
  }
  if (steps.length === 0) throw notAPath(text, 0);
  return { text, steps };
}

function notAPath(text: string, at: number): WorkbenchError {
  return new WorkbenchError('bad-input', `“${text}” is not a field path (at character ${at + 1}).`, {
    remedy: 'Write names with dots and indices in brackets, as in a.b[0].c; quote odd names: ["acc,none"].',
  });
}

/**
 * Follows a path. Only a record's own properties count, so `__proto__` and `constructor` lead nowhere unless the file
 * has them. A property named like the whole path (a CSV column `a.b`) wins over the nested reading.
 */
export function lookUp(record: unknown, path: FieldPath): Lookup {
  if (isPlainObject(record) && Object.hasOwn(record, path.text)) return { found: true, value: record[path.text] };
  let value = record;
  for (const step of path.steps) {
    if (typeof step === 'number' ? !Array.isArray(value) || step >= value.length : !hasOwnKey(value, step))
      return missing;
    value = (value as Record<string | number, unknown>)[step];
  }
  return { found: true, value };
}

function hasOwnKey(value: unknown, key: string): boolean {
  return isPlainObject(value) && Object.hasOwn(value, key);
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An own property of a record, or undefined: safe on keys like `constructor`. */
export function own(record: unknown, key: string): unknown {
  return isPlainObject(record) && Object.hasOwn(record, key) ? record[key] : undefined;
}

/** Paths of the leaves of some records, in order of first appearance, at most `limit`: what a mapping can name. */
export function fieldPaths(records: readonly unknown[], limit = 200): string[] {
  const paths = new Set<string>();
  for (const record of records) collectPaths(record, '', 0, paths, limit);
  return [...paths];
}

function collectPaths(value: unknown, prefix: string, depth: number, paths: Set<string>, limit: number): void {
  if (paths.size >= limit || depth > 6) return;
  if (Array.isArray(value) && value.length > 0 && typeof value[0] === 'object' && value[0] !== null) {
    // Turns of a conversation are one text to whoever maps them.
    if (prefix !== '' && value.every(isTurnLike)) paths.add(prefix);
    collectPaths(value[0], `${prefix}[0]`, depth + 1, paths, limit);
  } else if (isPlainObject(value) && Object.keys(value).length > 0) {
    if (prefix !== '' && isTurnLike(value) && own(value, 'content') !== undefined) paths.add(prefix);
    for (const key of Object.keys(value)) {
      collectPaths(value[key], joinPath(prefix, key), depth + 1, paths, limit);
    }
  } else if (prefix !== '') {
    paths.add(prefix);
  }
}

function isTurnLike(value: unknown): boolean {
  return typeof (own(value, 'role') ?? own(value, 'from')) === 'string';
}

function joinPath(prefix: string, key: string): string {
  if (!/^[^.[\],="]+$/.test(key)) return `${prefix}[${JSON.stringify(key)}]`;
  return prefix === '' ? key : `${prefix}.${key}`;
}
