import { isUtf8 } from 'node:buffer';
import { isPlainObject, own } from '../field-path.ts';
import { countsAnswers } from './lm-eval-repeats.ts';
import { parseJson } from '../records/parse-json.ts';

/**
 * What a survey needs of a sample's line without the line being parsed: its filter and metrics, which the harness writes last, and
 * what its target says of the task's options. A line of any other shape gives null, and is parsed as a whole.
 */
export interface LmEvalTail {
  /** An object with `filter`, `metrics` and the metrics’ values. */
  record: unknown;
  gold: 'text' | 'index' | 'unknown';
}

const filterKey = '"filter":';
const argumentsKey = '"arguments":';
const targetKey = '"target":';
const responsesKey = '"resps":';

export function readLmEvalTail(line: Buffer): LmEvalTail | null {
  // One character per byte: places in it are places in the line, and nothing is decoded that is not needed.
  const text = line.toString('latin1');
  const at = lastKey(text, filterKey, text.length);
  const from = at === -1 ? -1 : lastKey(text, argumentsKey, at);
  const until = from === -1 ? -1 : text.indexOf(responsesKey, from);
  if (until === -1 || until > at) return null;
  const record = tailOf(line, at);
  if (record === null) return null;
  const gold = goldOf(text, from, until);
  return gold === null ? null : { record, gold };
}

/** Where a key of the line's own object (or of one further in) begins: after a comma, never inside a text, whose quotes are escaped. */
function lastKey(text: string, key: string, before: number): number {
  const at = text.lastIndexOf(key, before);
  if (at < 2) return -1;
  const previous = text[at - 1] === ' ' ? text[at - 2] : text[at - 1];
  return previous === ',' ? at : -1;
}

/** The last keys as an object of their own; null unless they are what the newer versions of the harness end with. */
function tailOf(line: Buffer, at: number): unknown {
  const bytes = line.subarray(at);
  if (!isUtf8(bytes)) return null;
  const tail = parsed(`{${bytes.toString('utf8')}`);
  const names = own(tail, 'metrics');
  if (!isPlainObject(tail) || !isTexts(names)) return null;
  if (names.some((name) => own(tail, name) === undefined)) return null;
  // How many of several answers were right is decided by the whole file, and with the answers at hand.
  if (names.some(countsAnswers)) return null;
  // A metric that is a list has one value per answer, and the answers are not here.
  return Object.values(tail).some((value) => isListOrObject(value) && !isTexts(value)) ? null : tail;
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

function isListOrObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}

/**
 * What the target says: a text that is no number names its option by the text; a number among options none of which is a number is an
 * index. Null where it could be either, and the line has to be read.
 */
function goldOf(text: string, from: number, until: number): LmEvalTail['gold'] | null {
  const at = lastKey(text, targetKey, from);
  const holder = at === -1 ? undefined : parsed(`{${text.slice(at, from).replace(/,\s*$/, '')}}`);
  if (holder === undefined) return null;
  const target = own(holder, 'target');
  if (target === null) return 'unknown';
  const digits = typeof target === 'number' ? String(target) : target;
  if (typeof digits !== 'string' || !/^\d{1,3}$/.test(digits)) return 'text';
  const requests = text.slice(from, until);
  const options = requests.split('"gen_args_').length - 1;
  if (options < 2) return options === 1 ? 'unknown' : null;
  const mayBeText = /"(?:\\[ntr]|\s)*\d{1,3}(?:\\[ntr]|\s)*"/.test(requests);
  // Requests without a context rate the options a second time, and are none.
  const mayBeDoubled = /"arg_0": ?"(?:\\[ntr]|\s)*"/.test(requests);
  if (mayBeText || mayBeDoubled) return null;
  return Number(digits) < options ? 'index' : 'unknown';
}
