import type { Span } from './change-kinds.ts';
import { refusalPatterns } from './refusal-patterns.ts';

/** A refusal opens an answer: it is looked for in its first sentences only. */
const headCharacters = 320;
const firstSentences = 3;

/** A letter or a mail may apologise for what its writer cannot do. */
const salutation =
  /^(?:\*\*)?(?:dear|hi|hello|hey|subject|to|re|betreff|sehr geehrte|lieber?|cher|chère|estimad[oa]|querid[oa]|gentile|caro|cara)\b[^\n.!?]{0,60}[,:]?\s*\n/iu;
export type RefusalTest = (text: string) => Span | null;

/** The patterns as one expression that is tried where sentences begin. */
export function refusalTest(patterns: readonly string[] | null = null): RefusalTest {
  if (patterns === null) return ownTest;
  if (patterns.length === 0) return () => null;
  const expression = together(patterns, 'iuy');
  return inFirstSentences((head, from) => matchAt(expression, head, from));
}

/**
 * The program's own patterns are in small letters: tried on the text in small letters they take a fifth of the time, and those of
 * other scripts are not tried at all.
 */
const isLatin = (text: string): boolean =>
  text.charCodeAt(0) < 0x250 || (text.charCodeAt(0) >= 0x1e00 && text.charCodeAt(0) < 0x2000);
const small = refusalPatterns.map((pattern) => pattern.replaceAll('AI', 'ai'));
const latin = together(
  small.filter((pattern) => isLatin(pattern.replace(/^[(?:]+/, ''))),
  'uy',
);
const others = together(
  small.filter((pattern) => !isLatin(pattern.replace(/^[(?:]+/, ''))),
  'uy',
);
const ownTest: RefusalTest = inFirstSentences((head, from, lower) =>
  matchAt(isLatin(head.slice(from, from + 1)) ? latin : others, lower.length === head.length ? lower : head, from),
);

function together(patterns: readonly string[], flags: string): RegExp {
  return new RegExp(patterns.map((pattern) => `(?:${pattern})`).join('|'), flags);
}

function matchAt(expression: RegExp, text: string, from: number): Span | null {
  expression.lastIndex = from;
  const match = expression.exec(text);
  return match === null ? null : { from, to: from + match[0].length };
}

function inFirstSentences(find: (head: string, from: number, lower: string) => Span | null): RefusalTest {
  return (text) => {
    const head = text.slice(0, headCharacters);
    const lower = head.toLowerCase();
    for (const from of sentenceStarts(head)) {
      const found = find(head, from, lower);
      if (found !== null) return salutation.test(head) ? null : found;
    }
    return null;
  };
}

/** Where the first sentences begin; a sentence in quotation marks is somebody else's. */
function sentenceStarts(head: string): number[] {
  const starts: number[] = [];
  let expecting = true;
  for (let i = 0; i < head.length && starts.length < firstSentences; i++) {
    const c = head[i] ?? '';
    if (expecting && !skipped.has(c)) {
      expecting = false;
      const close = quotations[c];
      if (close === undefined) starts.push(i);
      else {
        const end = head.indexOf(close, i + 1);
        if (end < 0) break;
        i = end;
      }
    } else if (c === '\n' || wideStops.has(c) || (stops.has(c) && /\s/.test(head[i + 1] ?? ' '))) expecting = true;
  }
  return starts;
}

/** Blanks and the marks of Markdown before a sentence. */
const skipped: ReadonlySet<string> = new Set([
  ' ',
  '\t',
  '\n',
  '\r',
  '\u00a0',
  '\u3000',
  '*',
  '_',
  '#',
  '>',
  '-',
  '¡',
  '¿',
]);
const wideStops: ReadonlySet<string> = new Set(['。', '！', '？']);
const stops: ReadonlySet<string> = new Set(['.', '!', '?', '।', '؟', ':']);
const quotations: Readonly<Record<string, string>> = {
  '"': '"',
  '“': '”',
  '„': '“',
  '«': '»',
  '「': '」',
  '『': '』',
  "'": "'",
  '‘': '’',
  '`': '`',
};
