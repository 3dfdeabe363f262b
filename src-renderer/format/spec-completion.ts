import { valueAt } from './spec-form.ts';
import { readYaml } from './spec-yaml.ts';
import type { Field } from './spec-form.ts';

/** One thing that can be written where the cursor is. */
export interface SpecOption {
  label: string;
  /** What is written, where that is more than the label. */
  apply: string;
  /** A word on the right: what holds by default, or what kind of value it takes. */
  detail: string;
  help: string;
}
export interface SpecCompletion {
  /** Where the word begins that an option takes the place of. */
  from: number;
  options: SpecOption[];
}

interface Position {
  /** The map in which the cursor is. */
  path: string[];
  /** The key whose value is being written; null where a key is. */
  key: string | null;
  from: number;
  indent: string;
  /** Inside braces a map cannot continue in new lines. */
  flow: boolean;
}

/** What fits at an offset of a run spec, by its schema: keys that are not there yet, values of a choice, names of what there is. */
export function completeSpec(
  text: string,
  offset: number,
  fields: readonly Field[],
  names: Readonly<Record<string, readonly string[]>>,
): SpecCompletion | null {
  const position = positionAt(text, offset);
  if (position === null) return null;
  const { path, key, from } = position;
  const spec: unknown = readYaml(text).toJS();
  const here = fieldsAt(fields, path, spec);
  if (here === null) return null;
  if (key !== null) {
    const values = valuesOf(here, key, names[[...path, key].join('.')] ?? []);
    return values.length === 0 ? null : { from, options: values };
  }
  const typed = text.slice(from, offset);
  const there = valueAt(spec, path);
  const taken = new Set(typeof there === 'object' && there !== null ? Object.keys(there) : []);
  const options = keysOf(here, position).filter(({ label }) => !taken.has(label) || label === typed);
  return options.length === 0 ? null : { from, options };
}

/** Keys of a map, with those of a choice among shapes. */
interface Shape {
  fields: readonly Field[];
  kinds: readonly string[];
}

function fieldsAt(fields: readonly Field[], path: readonly string[], spec: unknown): Shape | null {
  let shape: Shape = { fields, kinds: [] };
  for (const [depth, name] of path.entries()) {
    const field = shape.fields.find((one) => one.path.at(-1) === name);
    if (field === undefined) return null;
    if (field.kind === 'group' || field.kind === 'optional') shape = { fields: field.fields, kinds: [] };
    else if (field.kind === 'variant') {
      const kind = valueAt(spec, [...path.slice(0, depth + 1), 'kind']);
      const picked = field.variants.filter(({ value }) => value === kind);
      const shown = picked.length > 0 ? picked : field.variants;
      const all = new Map(shown.flatMap(({ fields: own }) => own.map((one) => [one.path.at(-1), one] as const)));
      shape = { fields: [...all.values()], kinds: field.variants.map(({ value }) => value) };
    } else return null;
  }
  return shape;
}

function keysOf({ fields, kinds }: Shape, { indent, flow }: Position): SpecOption[] {
  const kind = { label: 'kind', apply: 'kind: ', detail: '', help: 'Which of its shapes this is.' };
  const others = fields.map((field) => {
    const label = field.path.at(-1) ?? '';
    const nested = field.kind === 'group' || field.kind === 'optional' || field.kind === 'variant';
    const apply = nested && !flow ? `${label}:\n${indent}  ` : nested ? `${label}: {` : `${label}: `;
    return { label, apply, detail: field.required ? 'required' : defaultOf(field), help: field.help };
  });
  return kinds.length > 0 ? [kind, ...others] : others;
}

function valuesOf({ fields, kinds }: Shape, key: string, names: readonly string[]): SpecOption[] {
  if (key === 'kind' && kinds.length > 0) return kinds.map((value) => option(value));
  const field = fields.find((one) => one.path.at(-1) === key);
  if (field === undefined) return [];
  switch (field.kind) {
    case 'select':
      return field.options.map((value) => option(value, value === field.fallback ? 'default' : '', field.help));
    case 'toggle':
      return [true, false].map((value) => option(String(value), value === field.fallback ? 'default' : '', field.help));
    case 'number':
      return defaultOf(field) === '' ? [] : [option(defaultOf(field), 'default', field.help)];
    default:
      return names.map((name) => ({ ...option(name), apply: quoted(name) }));
  }
}

function option(label: string, detail = '', help = ''): SpecOption {
  return { label, apply: label, detail, help };
}

/** What holds by default, where that is one word. */
function defaultOf({ fallback }: Field): string {
  return typeof fallback === 'string' || typeof fallback === 'number' || typeof fallback === 'boolean'
    ? String(fallback)
    : '';
}

/** A name as YAML writes it: in quotes where it would be something else without. */
function quoted(name: string): string {
  return /^[A-Za-z_][\w./-]*$/.test(name) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(name)
    ? name
    : JSON.stringify(name);
}

/** Where the cursor is, by indentation and braces: text that is being written need not be YAML yet. Null in comments and in quotes. */
function positionAt(text: string, offset: number): Position | null {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  const line = text.slice(lineStart, offset);
  if (/(^|\s)#/.test(line) || (line.split('"').length - 1) % 2 === 1) return null;
  const word = /[\w./-]*$/.exec(line)?.[0] ?? '';
  const lead = /^ */.exec(line)?.[0] ?? '';
  const item = line.startsWith('- ', lead.length);
  const path = parentsOf(text.slice(0, lineStart), lead.length, item);
  let key: string | null = item ? (path.pop() ?? null) : null;
  let flow = false;
  let list = false;
  const inner: string[] = [];
  for (const [token, named] of line.slice(0, line.length - word.length).matchAll(/([\w-]+)\s*:(?=\s|$)|[{}[\],]/g)) {
    if (token === '{') {
      if (key !== null) inner.push(key);
      [key, flow] = [null, true];
    } else if (token === '}') inner.pop();
    else if (token === '[' || token === ']') list = token === '[';
    else if (token === ',') key = flow && !list ? null : key;
    else key = named ?? null;
  }
  return { path: [...path, ...inner], key, from: offset - word.length, indent: lead, flow };
}

/** Keys around a line, outermost first: each next line above that is less indented. */
function parentsOf(above: string, indent: number, item: boolean): string[] {
  const parents: string[] = [];
  let limit = item ? indent + 1 : indent;
  for (const line of above.split('\n').reverse()) {
    const match = /^( *)([\w-]+)\s*:\s*(#.*)?$/.exec(line);
    if (/^\s*(#.*)?$/.test(line)) continue;
    const depth = /^ */.exec(line)?.[0].length ?? 0;
    if (depth >= limit || line.startsWith('- ', depth)) continue;
    limit = depth;
    if (match?.[2] !== undefined) parents.unshift(match[2]);
    if (limit === 0) break;
  }
  return parents;
}
