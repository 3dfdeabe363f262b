import type { Span } from './change-kinds.ts';

/** What an answer comes down to, and where it is. `value` is comparable: numbers without separators, letters in capitals. */
export interface FinalAnswer {
  readonly form: 'number' | 'option' | 'span';
  readonly value: string;
  /** As it was written. */
  readonly shown: string;
  readonly span: Span;
}

const numberText = String.raw`[-−–]?\s?[$€£¥₹]?\s?(?:\d{1,3}(?:[,.’' \u00a0\u202f]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?|[.]\d+)(?:\s?\/\s?\d+)?`;
const numbers = new RegExp(String.raw`(?<![\p{L}\d_.,])${numberText}(?![\p{L}_]*\d)`, 'gu');
const wholeNumber = new RegExp(String.raw`^${numberText}(?:\s?[%$€£¥₹°]|\s?\\%)?\.?$`, 'u');

/** The value of a number however its digits are grouped; null where it is none. */
export function numberValue(text: string): string | null {
  const plain = text
    .normalize('NFKC')
    .replace(/\\(?:text|mathrm|,|!|;| )|[$€£¥₹%°{}\\]/gu, '')
    .trim()
    .replace(/^[−–-]\s*/u, '-')
    .replace(/\.$/, '');
  const [, sign = '', digits = '', below] = /^(-?)([\d.,’' \u00a0\u202f]*\d)(?:\s?\/\s?(\d+))?$/u.exec(plain) ?? [];
  if (digits === '') return null;
  const value = Number(`${sign}${plainDigits(digits)}`) / (below === undefined ? 1 : Number(below));
  return Number.isFinite(value) ? String(value) : null;
}

function plainDigits(digits: string): string {
  const tight = digits.replace(/[’' \u00a0\u202f]/gu, '');
  const [comma, dot] = [tight.lastIndexOf(','), tight.lastIndexOf('.')];
  if (comma >= 0 && dot >= 0) {
    const point = comma > dot ? ',' : '.';
    return tight.replaceAll(point === ',' ? '.' : ',', '').replace(point, '.');
  }
  if (comma >= 0)
    return /^\d{1,3}(?:,\d{3})+$/.test(tight) && !tight.startsWith('0,')
      ? tight.replaceAll(',', '')
      : tight.replace(',', '.');
  return /^\d{1,3}(?:\.\d{3}){2,}$/.test(tight) ? tight.replaceAll('.', '') : tight;
}

/** The last `\boxed{…}`; `broken` where its brace is never closed. */
export function boxedAnswer(text: string): { value: string; span: Span; broken: boolean } | null {
  const opening = text.lastIndexOf('\\boxed');
  if (opening < 0) return null;
  const brace = text.indexOf('{', opening);
  if (brace < 0 || brace - opening > 8) return null;
  let depth = 0;
  for (let i = brace; i < text.length; i++) {
    if (text[i] === '{') depth++;
    else if (text[i] === '}' && --depth === 0) {
      return { value: text.slice(brace + 1, i), span: { from: opening, to: i + 1 }, broken: false };
    }
  }
  return { value: text.slice(brace + 1), span: { from: opening, to: text.length }, broken: true };
}

const optionLetter = String.raw`(?:\*\*|__)?[([“"]?(?:\*\*)?([A-J])(?:\*\*)?[)\]”"]?(?:\*\*|__)?`;
const saidOption = new RegExp(
  String.raw`(?:(?:final |correct |right |best )?(?:answer|choice|option)(?: is| would be| must be| choice is)?|antwort(?: ist| lautet)?|réponse(?: est)?|respuesta(?: es)?(?: correcta)?(?: es)?|risposta(?: è)?|resposta(?: é)?|ответ|答案(?:是|为|為)?|选|選|正解は|答えは|정답은|đáp án(?: là)?)\s*[:：]?\s*(?:option |choice |\\boxed\{(?:\\text\{)?|\$)?${optionLetter}(?![\p{L}\d'’])`,
  'giu',
);
const aloneOption = new RegExp(String.raw`^\s*(?:option |choice )?${optionLetter}\s*[.。)]?\s*$`, 'u');
const leadingOption = new RegExp(String.raw`^\s*(?:[([]([A-J])[)\]]|\*\*([A-J])[.)]?\*\*|([A-J])[).:])(?=\s|$)`, 'u');

const marksOption = /answer|choice|option|antwort|ponse|puesta|posta|ответ|答|选|選|正解|정답|đáp/i;

/** The option that an answer to a question of choice names: alone, at its head, or as the answer. */
export function optionAnswer(text: string): { value: string; span: Span } | null {
  const alone = aloneOption.exec(text) ?? leadingOption.exec(text);
  if (alone !== null) {
    const letter = alone.slice(1).find((group) => group !== undefined) ?? '';
    // A list that begins with A is no choice.
    if (letter === 'A' && /\n\s*[([]?(?:\*\*)?B[).:\]]/.test(text)) return null;
    return { value: letter.toUpperCase(), span: trimmed(text, { from: 0, to: alone[0].length }) };
  }
  if (!/[A-J]/.test(text)) return null;
  const end = text.trimEnd();
  const lastLine = end.lastIndexOf('\n') + 1;
  const onItsOwn = aloneOption.exec(end.slice(lastLine));
  if (onItsOwn !== null) {
    return { value: (onItsOwn[1] ?? '').toUpperCase(), span: trimmed(text, { from: lastLine, to: end.length }) };
  }
  const boxed = boxedAnswer(text);
  const inBox =
    boxed === null ? null : /^(?:\\text\{|\\mathrm\{|\\textbf\{)?\(?([A-J])\)?\}?$/.exec(boxed.value.trim());
  if (boxed !== null && inBox !== null) return { value: inBox[1] ?? '', span: boxed.span };
  if (!marksOption.test(text)) return null;
  let last: { value: string; span: Span } | null = null;
  for (const match of text.matchAll(saidOption)) {
    const letter = match[1] ?? '';
    // Upper case only: “the answer is a number” names no option, nor does “the answer: I think”.
    if (
      letter !== letter.toUpperCase() ||
      (/^\s+\p{Ll}/u.test(text.slice(match.index + match[0].length)) && (letter === 'A' || letter === 'I'))
    )
      continue;
    last = { value: letter, span: trimmed(text, { from: match.index, to: match.index + match[0].length }) };
  }
  return last;
}

const saidAnswer =
  /(?:####|(?:the |my )?(?:final |correct |right )?answer(?: (?:to [^.:\n]{1,60} )?is| would be)?\s*[:=]?|(?:die |meine )?(?:endgültige )?antwort(?: ist| lautet)?\s*:?|la réponse(?: finale)?(?: est)?\s*:?|la respuesta(?: final)?(?: es)?\s*:?|la risposta(?: è)?\s*:?|a resposta(?: é)?\s*:?|ответ\s*[:—–-]|答案(?:是|为|為)?[:：]?|答えは|정답은)\s*([^\n]{1,160})/giu;

/**
 * What an answer comes down to: a box, a marked final answer, an option, or the whole where it is short. The last number
 * counts only where `wanted` says that a number is asked for, and where the text is whole: one that was cut off comes down to nothing yet.
 */
export function finalAnswer(
  text: string,
  wanted: FinalAnswer['form'] | null = null,
  isWhole = true,
): FinalAnswer | null {
  const boxed = text.includes('\\boxed') ? boxedAnswer(text) : null;
  if (boxed !== null && !boxed.broken) return asAnswer(boxed.value, boxed.span, wanted);
  if (wanted === null || wanted === 'option') {
    const option = optionAnswer(text);
    if (option !== null) return { form: 'option', value: option.value, shown: option.value, span: option.span };
    if (wanted === 'option') return null;
  }
  const said = saidIn(text, wanted);
  if (said !== null) return said;
  const whole = text.trim();
  if (whole.length <= 60 && !whole.includes('\n') && whole !== '' && whole.split(/\s+/u).length <= 6) {
    const short = asAnswer(whole, trimmed(text, { from: 0, to: text.length }), wanted);
    if (short !== null) return short;
  }
  return wanted === 'number' && isWhole ? lastNumber(text) : null;
}

/** Cheaper than the whole expression: what a marked answer cannot do without. */
const marksAnswer = /####|answer|antwort|ponse|puesta|posta|ответ|Ответ|答|정답|đáp/i;

function saidIn(text: string, wanted: FinalAnswer['form'] | null): FinalAnswer | null {
  if (!marksAnswer.test(text)) return null;
  let last: FinalAnswer | null = null;
  for (const match of text.matchAll(saidAnswer)) {
    const rest = match[1] ?? '';
    const from = match.index + match[0].length - rest.length;
    // A verb or a mark must come before it: “an answer would help” marks nothing.
    if (
      !/####|[:=：—–-]\s*$|\b(?:is|be|ist|lautet|est|es|è|é)\s*$|[是为為は은]\s*$/iu.test(
        match[0].slice(0, match[0].length - rest.length),
      )
    )
      continue;
    const sentence = /^(?:.*?)(?=[.。!！?？](?:\s|$)|[。！]|$)/u.exec(rest)?.[0] ?? rest;
    const number = firstNumber(text, from, from + sentence.length);
    const found =
      number ??
      (wanted !== 'number' && sentence.trim().length <= 60 && sentence.trim() !== ''
        ? asAnswer(sentence, trimmed(text, { from, to: from + sentence.length }), wanted)
        : null);
    if (found !== null) last = found;
  }
  return last;
}

function asAnswer(shown: string, span: Span, wanted: FinalAnswer['form'] | null): FinalAnswer | null {
  const bare = shown.replace(/^\s*(?:\*\*|\$|\\text\{)+|(?:\*\*|\$|\})+\s*$/gu, '').trim();
  const result = /=\s*([^=]+)$/u.exec(bare.replace(/[.。]$/u, ''))?.[1]?.trim() ?? '';
  if (wholeNumber.test(result)) {
    const value = numberValue(result);
    if (value !== null) return { form: 'number', value, shown: result, span };
  }
  if (wholeNumber.test(bare)) {
    const value = numberValue(bare);
    if (value !== null) return { form: 'number', value, shown: bare, span };
  }
  if (wanted === 'number') {
    const all = [...bare.matchAll(numbers)];
    const value = all.length === 1 ? numberValue(all[0]?.[0] ?? '') : null;
    if (value !== null) return { form: 'number', value, shown: (all[0]?.[0] ?? '').trim(), span };
  }
  const option = /^[([]?([A-J])[)\].]?$/.exec(bare)?.[1];
  if (option !== undefined) return { form: 'option', value: option, shown: option, span };
  const value = comparable(bare);
  return value === '' ? null : { form: 'span', value, shown: bare, span };
}

const smallNumbers = [
  'zero',
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'eleven',
  'twelve',
];

/** Case, punctuation, articles, blanks, and whether a small number is a word or a figure do not tell two answers apart. */
export function comparable(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}%+=<>*/^.-]+/gu, ' ')
    .replace(/(?<!\d)[.-]|[.-](?!\d)/gu, ' ')
    .replace(/\b(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b/gu, (word) =>
      String(smallNumbers.indexOf(word)),
    )
    .replace(/^\s*(?:the|a|an|der|die|das|le|la|el|il|it is|it's|es ist)\s+/u, '')
    .replace(/\s+/gu, ' ')
    .trim();
}

function firstNumber(text: string, from: number, to: number): FinalAnswer | null {
  const part = text.slice(from, to);
  const all = [...part.matchAll(numbers)];
  const match = /[=]/.test(part) ? all.at(-1) : all[0];
  if (match === undefined) return null;
  return numberAt(match[0], from + match.index);
}

function lastNumber(text: string): FinalAnswer | null {
  let last: RegExpMatchArray | null = null;
  for (const match of text.matchAll(numbers)) last = match;
  return last === null ? null : numberAt(last[0], last.index ?? 0);
}

function numberAt(shown: string, at: number): FinalAnswer | null {
  const value = numberValue(shown);
  const from = at + (shown.length - shown.trimStart().length);
  return value === null ? null : { form: 'number', value, shown: shown.trim(), span: { from, to: at + shown.length } };
}

function trimmed(text: string, { from, to }: Span): Span {
  const part = text.slice(from, to);
  const start = from + (part.length - part.trimStart().length);
  return { from: start, to: Math.max(start, from + part.trimEnd().length) };
}
