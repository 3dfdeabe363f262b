import type { Span } from './change-kinds.ts';
import { boxedAnswer, optionAnswer } from './final-answer.ts';

/** The forms an answer may have. */
export const answerForms = ['JSON', 'code block', 'list', 'boxed answer', 'option letter', 'tool call'] as const;
export type AnswerForm = (typeof answerForms)[number];

/** A form that was found: whole, or begun and not well formed. */
export interface FoundForm {
  readonly form: AnswerForm;
  readonly broken: boolean;
  readonly span: Span;
}

export interface FormChange {
  readonly form: AnswerForm;
  readonly change: 'lost' | 'gained' | 'broken' | 'repaired';
  readonly span: Span;
  readonly side: 'left' | 'right';
}

/** What became of each form from old to new. */
export function formChanges(old: readonly FoundForm[], now: readonly FoundForm[]): FormChange[] {
  return answerForms.flatMap((form): FormChange[] => {
    const before = old.find((found) => found.form === form);
    const after = now.find((found) => found.form === form);
    if (before === undefined && after === undefined) return [];
    if (after === undefined)
      return before === undefined ? [] : [{ form, change: 'lost', span: before.span, side: 'left' }];
    if (before === undefined)
      return [{ form, change: after.broken ? 'broken' : 'gained', span: after.span, side: 'right' }];
    if (before.broken === after.broken) return [];
    return [{ form, change: after.broken ? 'broken' : 'repaired', span: after.span, side: 'right' }];
  });
}

export function formsOf(text: string): FoundForm[] {
  const found: FoundForm[] = [];
  const call = /[<[{]/.test(text) ? toolCallOf(text) : null;
  if (call !== null) found.push(call);
  const fence = text.includes('```') || text.includes('~~~') ? fenceOf(text) : null;
  const json = /[{[]/.test(text) && call === null ? jsonOf(text) : null;
  if (json !== null) found.push(json);
  if (fence !== null && !(json !== null && isWithin(json.span, fence.span))) found.push(fence);
  const list = listOf(text);
  if (list !== null) found.push(list);
  const boxed = boxedAnswer(text);
  if (boxed !== null) found.push({ form: 'boxed answer', broken: boxed.broken, span: boxed.span });
  const option = optionAnswer(text);
  if (option !== null) found.push({ form: 'option letter', broken: false, span: option.span });
  return found;
}

function isWithin(inner: Span, outer: Span): boolean {
  return inner.from >= outer.from && inner.to <= outer.to;
}

/** The whole answer, or a block that calls itself JSON. */
function jsonOf(text: string): FoundForm | null {
  const fenced = /```(json[c5]?)?[ \t]*\n([\s\S]*?)(?:\n[ \t]*```|$)/i.exec(text);
  if (fenced !== null) {
    const body = fenced[2] ?? '';
    const from = fenced.index + fenced[0].indexOf(body, 3 + (fenced[1]?.length ?? 0));
    const span = { from, to: from + body.length };
    if (fenced[1] !== undefined) return { form: 'JSON', broken: !parses(body), span };
    return isJsonStart(body.trim()) && parses(body) ? { form: 'JSON', broken: false, span } : null;
  }
  const body = text.trim();
  if (!isJsonStart(body)) return null;
  const from = text.indexOf(body);
  const span = { from, to: from + body.length };
  if (parses(body)) return { form: 'JSON', broken: false, span };
  // A key at the start: it was meant to be an object.
  return /^\[?\s*\{\s*["'][^"'\n]{1,80}["']\s*:/.test(body) ? { form: 'JSON', broken: true, span } : null;
}

function isJsonStart(body: string): boolean {
  return /^(?:\{\s*(?:["'}])|\[\s*(?:[[{"'\]\d-]|true|false|null))/.test(body);
}

function parses(body: string): boolean {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}

function fenceOf(text: string): FoundForm | null {
  const open = /^[ \t]*(```|~~~)/m.exec(text);
  if (open === null) return null;
  const from = open.index + open[0].length - 3;
  const fences = text.match(/^[ \t]*(?:```|~~~)/gm)?.length ?? 0;
  if (fences % 2 === 1) return { form: 'code block', broken: true, span: { from, to: text.length } };
  const end = text.indexOf(`\n${open[0]}`, from + 3);
  return { form: 'code block', broken: false, span: { from, to: end < 0 ? text.length : end + 1 + open[0].length } };
}

/** Two items or more, each on its own line, with the same kind of mark. */
const bullet = /^[ \t]{0,8}(?:[-*+•–▪◦‣·●]|\p{Emoji_Presentation})[ \t]+\S/u;
const numbered = /^[ \t]{0,8}(?:\*\*)?(?:\d{1,3}|[a-z]|[ivx]{1,4})[.)、][ \t]+\S/iu;

function listOf(text: string): FoundForm | null {
  if (!text.includes('\n')) return null;
  let at = 0;
  const marks = { bullet: [] as Span[], numbered: [] as Span[] };
  for (const line of text.split('\n')) {
    const span = { from: at, to: at + line.length };
    at += line.length + 1;
    if (bullet.test(line)) marks.bullet.push(span);
    else if (numbered.test(line)) marks.numbered.push(span);
  }
  const items = marks.bullet.length >= marks.numbered.length ? marks.bullet : marks.numbered;
  const [first, last] = [items[0], items.at(-1)];
  if (items.length < 2 || first === undefined || last === undefined) return null;
  return { form: 'list', broken: false, span: { from: first.from, to: last.to } };
}

const callOpenings =
  /<tool_call>|<\|tool_call(?:s)?(?:_begin)?\|>|\[TOOL_CALLS\]|<function_call>|<function=[\w.-]+>|<invoke\b|<\|python_tag\|>|<｜tool▁calls▁begin｜>/iu;
const callObject = /^\s*\[?\s*\{\s*"(?:name|function|tool|tool_calls|function_call|recipient_name|type)"\s*:/;

/** A call in the marks of one of the usual templates, or as the usual object. */
function toolCallOf(text: string): FoundForm | null {
  const opened = callOpenings.exec(text);
  if (opened !== null) {
    const body = text.slice(opened.index + opened[0].length);
    const [close, inner] = closeOf(opened[0], body);
    const span = { from: opened.index, to: opened.index + opened[0].length + inner.length + close.length };
    const isClosed = close !== '' || !/^<(?:tool_call|function)/i.test(opened[0]);
    const object = /^\s*[[{]/.test(inner);
    return { form: 'tool call', broken: !isClosed || (object && !parses(inner.trim())), span };
  }
  const fenced = /```(?:json)?[ \t]*\n([\s\S]*?)(?:```|$)/i.exec(text);
  const body = fenced?.[1] ?? text;
  if (!callObject.test(body) || !/"(?:arguments|parameters|args|function|tool_calls|input)"\s*:/.test(body))
    return null;
  const from = text.indexOf(body.trim());
  return { form: 'tool call', broken: !parses(body.trim()), span: { from, to: from + body.trim().length } };
}

function closeOf(opening: string, body: string): readonly [close: string, inner: string] {
  const name = /^<([a-z_]+)/i.exec(opening)?.[1];
  const close = name === undefined ? '' : `</${name}>`;
  const at = close === '' ? -1 : body.indexOf(close);
  return at < 0 ? ['', body] : [close, body.slice(0, at)];
}
