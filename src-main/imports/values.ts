import { type Message, messageText, messageTexts, type TextOrChat } from '../shared/domain/datasets.ts';
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

/** Ways to write that there is no value. */
export const nothing = new Set(['', 'none', 'null', 'nan', 'n/a', 'na', 'missing']);

/** A number, a numeric text, or null for what stands for “none” (null, blank, NaN). */
export function asNumber(value: unknown, field: string, decimal: 'point' | 'comma' = 'point'): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') {
    if (nothing.has(value.trim().toLowerCase())) return null;
    const number = Number(decimal === 'comma' ? withPoint(value) : value);
    if (Number.isFinite(number)) return number;
    if (isInfinite(value)) return null;
  }
  throw new Misfit('wrong-type', `“${field}” is ${nameOf(value)}, a number is needed.`, field);
}

/** “inf” and the like, as tables write it. */
export function isInfinite(value: unknown): boolean {
  return typeof value === 'string' && /^[+-]?inf(inity)?$/i.test(value.trim());
}

/** `0,5` and `1.234,5` as spreadsheets of half the world write them. */
function withPoint(text: string): string {
  const trimmed = text.trim();
  return /^[+-]?(\d+|\d{1,3}(\.\d{3})+),\d+(e[+-]?\d+)?$/i.test(trimmed)
    ? trimmed.replaceAll('.', '').replace(',', '.')
    : trimmed;
}

/** One text, several in an array, or several in one text between commas or semicolons; blank ones fall out. */
export function asTags(value: unknown): string[] | undefined {
  if (value === null || value === undefined) return undefined;
  const parts = Array.isArray(value) ? value : typeof value === 'string' ? value.split(/[,;]/) : [value];
  return nonEmpty(parts.map((part) => (asOptionalText(part) ?? '').trim()));
}

/** More slices of one sample are a mistake: a list of something else. */
const mostSlicesOfOne = 1000;

/** Slices of a sample: a text as it is, an array's entries, and `name=value` for numbers and truth values. */
export function asSlices(value: unknown, path: string): string[] | undefined {
  const name = path.replace(/^.*\./, '');
  const entries = Array.isArray(value) ? value : [value];
  if (entries.length > mostSlicesOfOne) {
    throw new Misfit(
      'wrong-type',
      `“${path}” names ${entries.length} slices; a sample can be in ${mostSlicesOfOne}.`,
      path,
    );
  }
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
  ['function_response', 'tool'],
  ['function', 'tool'],
]);

/** A turn with everything that chat templates render: names, tool calls, reasoning. A field that is null counts as not there. */
export function asMessage(turn: unknown, field: string): Message {
  if (!isPlainObject(turn))
    throw new Misfit('wrong-type', `“${field}” is ${nameOf(turn)}, a turn with role and content is needed.`, field);
  const role = asText(own(turn, 'role') ?? own(turn, 'from'), `${field}.role`);
  const content = own(turn, 'content') ?? own(turn, 'value');
  const calls = toolCallsOf(turn, role, content, field);
  const message: Message = {
    role: roles.get(role) ?? role,
    content: calls !== null && role === 'function_call' ? '' : contentText(content, `${field}.content`),
  };
  for (const name of messageTexts) {
    const value = own(turn, name);
    if (typeof value === 'string' && value !== '') message[name] = value;
  }
  const thought = Array.isArray(content) ? reasoningText(content as unknown[]) : '';
  if (thought !== '') message.reasoning_content ??= thought;
  if (calls !== null) message.tool_calls = calls;
  return message;
}

/** OpenAI's `tool_calls` (or its older single `function_call`), or ShareGPT's turn from `function_call`, a call as JSON. */
function toolCallsOf(turn: unknown, role: string, content: unknown, field: string): unknown[] | null {
  const given = parsedJson(own(turn, 'tool_calls'));
  if (Array.isArray(given) && given.length > 0)
    return given.map((call, index) => toolCall(call, `${field}.tool_calls[${index}]`));
  const single = parsedJson(own(turn, 'function_call'));
  if (isPlainObject(single) && typeof own(single, 'name') === 'string')
    return [toolCall(single, `${field}.function_call`)];
  if (role !== 'function_call') return null;
  const said = parsedJson(content);
  const calls = Array.isArray(said) ? said : [said];
  return calls.every((call) => typeof own(call, 'name') === 'string')
    ? calls.map((call, index) => toolCall(call, `${field}[${index}]`))
    : null;
}

/** One shape for all: `{type: "function", id?, function: {name, arguments}}`. Templates want the arguments as an object. */
function toolCall(call: unknown, field: string): unknown {
  const called = own(call, 'function') ?? call;
  const name = own(called, 'name');
  if (typeof name !== 'string')
    throw new Misfit('wrong-type', `“${field}” is ${nameOf(call)}, a call with a function’s name is needed.`, field);
  const id = own(call, 'id');
  const given = parsedJson(own(called, 'arguments') ?? own(called, 'parameters') ?? {});
  return {
    type: 'function',
    ...(typeof id === 'string' && id !== '' ? { id } : {}),
    function: { name, arguments: withoutNulls(given) },
  };
}

/** Parquet gives a call every argument that any call has, null where it is not given. */
function withoutNulls(value: unknown): unknown {
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== null));
}

function parsedJson(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

/** The tools of a conversation: a list, or one as JSON. */
export function asTools(value: unknown, field: string): unknown[] | undefined {
  const parsed = parsedJson(value);
  if (parsed === undefined || parsed === null || parsed === '') return undefined;
  if (!Array.isArray(parsed))
    throw new Misfit('wrong-type', `“${field}” is ${nameOf(value)}, a list of tools is needed.`, field);
  return parsed.length === 0 ? undefined : (parsed as unknown[]).map(parsedJson);
}

function reasoningText(parts: readonly unknown[]): string {
  return parts
    .filter((part) => /^(reasoning|thinking)$/.test(String(own(part, 'type'))))
    .map((part) => {
      const text = own(part, 'reasoning') ?? own(part, 'thinking') ?? own(part, 'text');
      return typeof text === 'string' ? text : '';
    })
    .join('');
}

/** Whether a value is turns: objects with a role and something said. */
export function isChat(value: unknown): value is unknown[] {
  return Array.isArray(value) && value.length > 0 && value.every(isTurn);
}

function isTurn(value: unknown): boolean {
  const role = own(value, 'role') ?? own(value, 'from');
  if (typeof role !== 'string') return false;
  return ['content', 'value', 'tool_calls', 'function_call'].some((name) => own(value, name) !== undefined);
}

/**
 * What a model said, as a text: turns are shown as their texts (one turn of the assistant as its content), everything else as
 * \`asOptionalText\` has it.
 */
export function asAnswer(value: unknown, field: string): string | null {
  const given = typeof value === 'string' && /^\s*\[\s*\{/.test(value) ? parsedJson(value) : value;
  const turns = isTurn(given) ? [given] : given;
  if (!isChat(turns)) return asOptionalText(value);
  const messages = turns.map((turn, index) => asMessage(turn, `${field}[${index}]`));
  const [only] = messages;
  return messages.length === 1 && only?.role === 'assistant' ? messageText(only) : renderChat(messages);
}

/** A prompt as a text, from a text, turns, or turns written as JSON. */
export function asPrompt(value: unknown, field: string): string {
  const given = typeof value === 'string' && /^\s*\[\s*\{/.test(value) ? parsedJson(value) : value;
  if (isChat(given)) return renderChat(asTextOrChat(given, field));
  return renderChat(asTextOrChat(value, field));
}

/** Content that comes as a text or as typed parts; parts that are no text are refused by name. */
export function contentText(content: unknown, field: string): string {
  if (!Array.isArray(content)) return asText(content ?? '', field);
  return content
    .map((part) => {
      const text = typeof part === 'string' ? part : own(part, 'text');
      if (typeof text === 'string') return text;
      if (/^(reasoning|thinking)$/.test(String(own(part, 'type')))) return '';
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
  if (chat.length === 1 && only?.role === 'user' && only.name === undefined) return messageText(only);
  return chat
    .map((turn) => `${turn.role}${turn.name === undefined ? '' : ` (${turn.name})`}: ${messageText(turn)}`)
    .join('\n\n');
}

/** What a value is, for messages: its kind, and a short text itself. */
export function nameOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return value.length <= 40 ? `“${value}”` : 'a long text';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'object' ? 'an object' : 'missing';
}
