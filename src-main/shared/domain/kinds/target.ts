import type { Span } from './change-kinds.ts';
import { finalAnswer, numberValue } from './final-answer.ts';
import type { FinalAnswer } from './final-answer.ts';

/** What is wanted: an answer to look for. Made once per sample. */
export interface Wanted {
  readonly form: FinalAnswer['form'];
  /** Each counts. */
  readonly values: readonly string[];
}

/** A worked solution ends in its answer: after four hash marks, or on a line that begins “A:” or “Answer:”. */
const gold = /(?:####|(?:^|\n)(?:a|(?:final )?answer):)\s*([^\n]+)\s*$/iu;
/** A longer target is a whole text; that it is in another word for word says nothing beyond equality. */
const longestTarget = 400;

/** What the target asks for; null where there is none to look for. */
export function wantedOf(target: string | null): Wanted | null {
  if (target === null) return null;
  const marked = gold.exec(target)?.[1] ?? boxedOf(target) ?? target;
  const text = marked.trim();
  if (text === '' || text.length > longestTarget) return null;
  const list = listOf(text);
  if (list !== null) return { form: 'span', values: list };
  if (/^[([]?[A-J][)\].]?$/.test(text)) return { form: 'option', values: [text.replace(/[^A-J]/g, '')] };
  const value = /^[^\p{L}]*$/u.test(text) || /^[^\p{L}]*(?:\\?%|€|\$)?$/u.test(text) ? numberValue(text) : null;
  return value === null ? { form: 'span', values: [text] } : { form: 'number', values: [value] };
}

function boxedOf(target: string): string | null {
  if (!target.includes('\\boxed')) return null;
  return finalAnswer(target)?.shown ?? null;
}

/** A list of accepted answers, as some tools write it. */
function listOf(text: string): string[] | null {
  if (!text.startsWith('["')) return null;
  try {
    const list: unknown = JSON.parse(text);
    if (!Array.isArray(list)) return null;
    const texts = list.filter((one): one is string => typeof one === 'string' && one.trim() !== '');
    return texts.length > 0 && texts.length === list.length ? texts : null;
  } catch {
    return null;
  }
}

const sayingNo =
  /(?:(?:\b(?:not|never|no longer|rather than|instead of|nicht|kein\w*|statt|pas|jamais|no es|non è|não é|niet|geen|nie|не|ليس|ليست|değil)|n['’]t)(?: (?:in|at|the|a|an|der|die|das|le|la|el|il|be|called))?|不是|并非|並非|ではなく)\s*["“'*]*$/iu;
const yesOrNo = /^(?:yes|no|true|false|ja|nein|oui|non|sí|si|да|нет|是|否)$/iu;

/**
 * Where the wanted answer is in a text. A number must be what the text comes down to, not one on its way; an option must be
 * the one selected; words must be whole and not be denied.
 */
export function findTarget(text: string, wanted: Wanted): Span | null {
  if (wanted.form !== 'span') {
    const answer = finalAnswer(text, wanted.form);
    if (answer !== null && wanted.values.includes(answer.value)) return answer.span;
    return null;
  }
  for (const value of wanted.values) {
    const found = yesOrNo.test(value) ? standsFirst(text, value) : standsWhole(text, value);
    if (found !== null) return found;
  }
  return null;
}

/** A yes or a no answers where a line begins. */
function standsFirst(text: string, value: string): Span | null {
  for (const match of text.matchAll(/^[^\p{L}\p{N}\n]*(?=[\p{L}\p{N}])/gmu)) {
    const from = match.index + match[0].length;
    const to = from + value.length;
    if (same(text.slice(from, to), value) && !letterOrDigit(text[to])) return { from, to };
  }
  return null;
}

/** Case does not count, nor do blanks between words; the words' borders do, where the script has any. */
function standsWhole(text: string, value: string): Span | null {
  const quick = text.toLowerCase();
  const wanted = value.toLowerCase().replace(/[.。!]$/u, '');
  if (wanted === '') return null;
  if (quick.length === text.length) return wholeAt(text, quick, wanted);
  return wholeAt(text, text, value);
}

function wholeAt(text: string, searched: string, wanted: string): Span | null {
  for (let at = searched.indexOf(wanted); at >= 0; at = searched.indexOf(wanted, at + 1)) {
    const to = at + wanted.length;
    const isWhole =
      !(joins(wanted[0]) && letterOrDigit(searched[at - 1])) && !(joins(wanted.at(-1)) && letterOrDigit(searched[to]));
    if (isWhole && !sayingNo.test(text.slice(Math.max(0, at - 24), at))) return { from: at, to };
  }
  return null;
}

/** Of scripts that write without blanks a word has no border. */
const unbordered =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/u;

function joins(c: string | undefined): boolean {
  return c !== undefined && letterOrDigit(c) && !unbordered.test(c);
}

function letterOrDigit(c: string | undefined): boolean {
  return c !== undefined && /[\p{L}\p{N}]/u.test(c) && !unbordered.test(c);
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
