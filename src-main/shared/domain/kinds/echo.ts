import type { Span } from './change-kinds.ts';

/** A prompt shorter than this may well be in an answer by chance. */
const leastPrompt = 24;
const leastSigns = 10;
/** Of a long prompt, so much of its beginning or of its end is an echo too. */
const partCharacters = 160;

/** The prompt's own words, blanks aside; null where there are too few. Made once per sample. */
export function echoable(prompt: string): string | null {
  const tight = tightened(prompt);
  const least = /[\u3000-\uffff]/.test(tight) ? leastSigns : leastPrompt;
  return tight.length >= least ? tight : null;
}

/** Whether an answer repeats its prompt: all of it, or a long part of a long one. */
export function findEcho(text: string, prompt: string): Span | null {
  if (text.length < Math.min(prompt.length, partCharacters)) return null;
  const parts =
    prompt.length <= partCharacters * 1.25
      ? [prompt]
      : [prompt.slice(0, partCharacters), prompt.slice(-partCharacters)];
  // Its first words at least must be there.
  if (!parts.some((part) => text.includes(part.slice(0, 24).split(' ')[0] ?? '') && text.includes(wordIn(part))))
    return null;
  const tight = tightened(text);
  for (const part of parts) {
    const at = tight.indexOf(part);
    if (at >= 0) return spanOf(text, at, part.length);
  }
  return null;
}

/** A long word of it: rarer than the first. */
function wordIn(part: string): string {
  return part
    .slice(0, partCharacters)
    .split(' ')
    .slice(0, 12)
    .reduce((longest, word) => (word.length > longest.length ? word : longest), '');
}

function tightened(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** From a place among the letters without doubled blanks back to the text. */
function spanOf(text: string, at: number, length: number): Span {
  let seen = 0;
  let from = -1;
  let i = text.length - text.trimStart().length;
  for (let blank = false; i < text.length; i++) {
    const isBlank = /\s/.test(text[i] ?? '');
    if (isBlank && blank) continue;
    blank = isBlank;
    if (seen === at) from = i;
    if (seen === at + length) break;
    seen++;
  }
  return { from: Math.max(0, from), to: i };
}
