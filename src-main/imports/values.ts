import type { Message, TextOrChat } from '../shared/domain/datasets.ts';
import type { Verdict } from '../shared/domain/evaluations.ts';
import { isPlainObject, own } from './field-path.ts';
import { Misfit } from './problems.ts';

/** Text of a value: strings as they are, numbers and truth values in words, anything else refused. */
export function asText(value: unknown, field: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Misfit(
    value === undefined ? 'missing-field' : 'wrong-type',
    value === undefined ? `“${field}” is missing.` : `“${field}” is ${nameOf(value)}, a text is needed.`,
    field,
  );
}

/** A text that may be absent; arrays and objects are shown as JSON rather than refused (a model's structured output). */
export function asOptionalText(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string') return value;
  return typeof value === 'object' ? JSON.stringify(value) : asText(value, '');
}

/** An id: a text that is not blank, or a whole number that is kept exactly. Undefined and null mean that there is none. */
export function asId(value: unknown, field: string): string | null {
  if (value === undefined || value === null || value === '') return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' && Number.isInteger(value)) {
    if (Number.isSafeInteger(value)) return String(value);
    throw new Misfit(
      'wrong-type',
      `“${field}” is a number too large to be kept exactly; an id of this size must be quoted.`,
      field,
    );
  }
  throw new Misfit('wrong-type', `“${field}” is ${nameOf(value)}, an id is a text or a whole number.`, field);
}

/** A number, a numeric text, or null for what stands for “none” (null, blank, NaN). */
export function asNumber(value: unknown, field: string): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') {
    if (nothing.has(value.trim().toLowerCase())) return null;
    const number = Number(value);
    if (Number.isFinite(number)) return number;
    if (/^[+-]?inf(inity)?$/i.test(value.trim())) return null;
  }
  throw new Misfit('wrong-type', `“${field}” is ${nameOf(value)}, a number is needed.`, field);
}

const nothing = new Set(['', 'none', 'null', 'nan', 'n/a', 'na', 'missing']);
const verdictWords = new Map<string, Verdict>([
  ...['1', '1.0', 'true', 't', 'yes', 'y', 'correct', 'right', 'pass', 'passed', 'win', 'c'].map(
    (word) => [word, 'right'] as const,
  ),
  ...['0', '0.0', 'false', 'f', 'no', 'n', 'incorrect', 'wrong', 'fail', 'failed', 'lose', 'loss', 'i'].map(
    (word) => [word, 'wrong'] as const,
  ),
  ...['tie', 'draw'].map((word) => [word, 'tie'] as const),
]);

/**
 * A verdict from the ways people write one: true/false, 1/0, yes/no, correct/wrong, pass/fail, tie. Null, blank and NaN
 * mean that none was given. Anything else is refused: guessing would invent flips.
 */
export function asVerdict(value: unknown, field: string): Verdict | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'boolean') return value ? 'right' : 'wrong';
  if (typeof value === 'number' || typeof value === 'string') {
    const word = String(value).trim().toLowerCase();
    if (nothing.has(word)) return null;
    const verdict = verdictWords.get(word);
    if (verdict !== undefined) return verdict;
  }
  throw new Misfit('unknown-verdict', `“${field}” is ${nameOf(value)}, which says neither right nor wrong.`, field);
}

/** One text, several in an array, or several in one text between commas or semicolons; blank ones fall out. */
export function asTags(value: unknown): string[] | undefined {
  if (value === null || value === undefined) return undefined;
  const parts = Array.isArray(value) ? value : typeof value === 'string' ? value.split(/[,;]/) : [value];
  return nonEmpty(parts.map((part) => (asOptionalText(part) ?? '').trim()));
}

/** Slices of a sample: a text as it is, an array's entries, and `name=value` for numbers and truth values. */
export function asSlices(value: unknown, path: string): string[] | undefined {
  const name = path.replace(/^.*\./, '');
  const entries = Array.isArray(value) ? value : [value];
  return nonEmpty(
    entries.map((entry) => {
      if (typeof entry === 'number' || typeof entry === 'boolean') return `${name}=${String(entry)}`;
      return asOptionalText(entry)?.trim() ?? '';
    }),
  );
}

function nonEmpty(texts: string[]): string[] | undefined {
  const kept = [...new Set(texts.filter((text) => text !== ''))];
  return kept.length === 0 ? undefined : kept;
}

/** A prompt or response: a text, or an array of `{role, content}` turns (ShareGPT's `{from, value}` as well). */
export function asTextOrChat(value: unknown, field: string): TextOrChat {
  return Array.isArray(value)
    ? value.map((turn, index) => asMessage(turn, `${field}[${index}]`))
    : asText(value, field);
}

const roles = new Map([
  ['human', 'user'],
  ['gpt', 'assistant'],
  ['bot', 'assistant'],
  ['model', 'assistant'],
  ['chatgpt', 'assistant'],
  ['observation', 'tool'],
  ['function_call', 'assistant'],
]);

export function asMessage(turn: unknown, field: string): Message {
  if (!isPlainObject(turn))
    throw new Misfit('wrong-type', `“${field}” is ${nameOf(turn)}, a turn with role and content is needed.`, field);
  const role = asText(own(turn, 'role') ?? own(turn, 'from'), `${field}.role`);
  const content = own(turn, 'content') ?? own(turn, 'value');
  return { role: roles.get(role) ?? role, content: contentText(content, `${field}.content`) };
}

/** Content that comes as a text or as typed parts; parts that are no text are refused by name. */
export function contentText(content: unknown, field: string): string {
  if (!Array.isArray(content)) return asText(content ?? '', field);
  return content
    .map((part) => {
      const text = typeof part === 'string' ? part : own(part, 'text');
      if (typeof text === 'string') return text;
      if (own(part, 'type') === 'reasoning') return '';
      throw new Misfit(
        'unsupported-content',
        `“${field}” has a part of type ${String(own(part, 'type'))}; only text can be kept.`,
        field,
      );
    })
    .join('');
}

/** Turns as one text for lists and hashes: a lone user turn is its content, else one `role: content` block a turn. */
export function renderChat(chat: TextOrChat): string {
  if (typeof chat === 'string') return chat;
  const [only] = chat;
  if (chat.length === 1 && only?.role === 'user') return only.content;
  return chat.map((turn) => `${turn.role}: ${turn.content}`).join('\n\n');
}

/** What a value is, for messages: its kind, and a short text itself. */
export function nameOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return value.length <= 40 ? `“${value}”` : 'a long text';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'object' ? 'an object' : 'missing';
}
