import { isPlainObject, own } from '../field-path.ts';
import { Misfit } from '../problems.ts';
import { parseJson } from '../records/parse-json.ts';
import { parsePythonLiteral } from '../records/python-literal.ts';
import { asAnswer, asOptionalText, isChat } from '../values.ts';
import { asVerdict } from '../verdict-values.ts';

/** Under these names is what was asked or answered, whatever else is next to it. */
const tellingNames =
  /^(messages|input|inputs|question|prompt|query|output|outputs|answer|response|completion|text|content|result)$/i;

/**
 * What a tracker keeps as input or output, as one text: a text as it is, turns as a conversation, an object of one field as that field,
 * an object of several as one line per field, by sorted name. Tables hold such values as JSON, or as Python shows them.
 */
export function trackedText(value: unknown, field: string): string | null {
  const given = structureOf(value);
  if (given === undefined || given === null) return null;
  if (isChat(given)) return asAnswer(given, field);
  if (!isPlainObject(given)) return asAnswer(given, field);
  if (isChat([given])) return asAnswer(given, field);
  const names = Object.keys(given).filter((name) => given[name] !== null && given[name] !== undefined);
  const [only] = names;
  if (only === undefined) return null;
  if (names.length === 1) return trackedText(given[only], `${field}.${only}`);
  return names
    .toSorted()
    .map((name) => `${name}: ${trackedText(given[name], `${field}.${name}`) ?? ''}`)
    .join('\n');
}

/** The answer among several fields of an output: the one whose name says so, where exactly one does. */
export function trackedAnswer(value: unknown, field: string): string | null {
  const given = structureOf(value);
  if (!isPlainObject(given) || isChat([given])) return trackedText(given, field);
  const telling = Object.keys(given).filter((name) => tellingNames.test(name));
  const [only] = telling;
  return telling.length === 1 && only !== undefined
    ? trackedText(given[only], `${field}.${only}`)
    : trackedText(given, field);
}

/** Objects and lists that a table's cell holds as text. */
export function structureOf(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value;
  try {
    return parseJson(value);
  } catch {
    const parsed = parsePythonLiteral(value);
    return parsed === undefined ? value : parsed;
  }
}

/** Fields of a record below a name: an object there, or flat columns `name.field`. */
export function fieldsBelow(record: unknown, ...names: readonly string[]): Record<string, unknown> | null {
  for (const name of names) {
    const nested = structureOf(own(record, name));
    if (isPlainObject(nested)) return nested;
    const flat = isPlainObject(record) ? Object.keys(record).filter((key) => key.startsWith(`${name}.`)) : [];
    // A column that another row fills is empty in this one.
    const filled = flat.filter((key) => own(record, key) !== '' && own(record, key) !== null);
    if (flat.length > 0) return Object.fromEntries(filled.map((key) => [key.slice(name.length + 1), own(record, key)]));
    if (nested !== undefined && nested !== null && nested !== '') return { [name]: nested };
  }
  return null;
}

/** A score as a number; a label that says right or wrong counts as one, another label as none. */
export function scoreOf(value: unknown): { value: number; isTruth: boolean } | null {
  if (typeof value === 'boolean') return { value: value ? 1 : 0, isTruth: true };
  if (typeof value === 'number') return Number.isFinite(value) ? { value, isTruth: false } : null;
  if (typeof value !== 'string') return null;
  const text = value.trim();
  if (text !== '' && Number.isFinite(Number(text))) return { value: Number(text), isTruth: false };
  try {
    const verdict = asVerdict(text, '');
    return verdict === null ? null : { value: verdict === 'right' ? 1 : verdict === 'wrong' ? 0 : 0.5, isTruth: true };
  } catch (error) {
    if (error instanceof Misfit) return null;
    throw error;
  }
}

export function filledText(value: unknown): string | null {
  const text = value === undefined ? null : asOptionalText(value);
  return text === null || text.trim() === '' ? null : text;
}
