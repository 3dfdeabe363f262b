import type { Answer, Span } from './change-kinds.ts';

/** A short answer ends without a full stop more often than not. */
const leastCharacters = 80;

const sentenceEnds = /[.!?…。！？؟।](?=["'”’»)\]*_]*(?:\s|$))|[。！？।]/gu;
/** An end after which something must come: a letter, a comma, an operator, an opening. */
const unfinished = /[\p{L}\p{M},;:，、；：=+×*/&([{«“<\\-]$/u;
const closedLine = /^\s*(?:[-*+•#>|]|\d{1,3}[.)]|\S+$|[A-Z][\w ]{0,20}:)/u;
/** Hashtags, handles and addresses end posts. */
const endsInTag = /(?:^|\s)(?:[#@][\p{L}\d_]+|(?:https?:\/\/|www\.)\S+|\S+@\S+\.\p{L}+)$/u;
const closingSentence = /(?:^|\n)(?![ \t]*(?:#|\/\/|\*|--))[^\n;{}=]*(?:[\p{L}’'-]+,? ){4}[\p{L}’'-]+[.!?]$/u;
const signature = /\n\s*(?:[\p{Lu}][\p{L}.'’-]*\s?){1,4}$/u;

/**
 * Whether generation was stopped by its limit: by what the evaluation says of it, else by a text that stops in the middle of a
 * sentence, a formula or a block of code though it ended its sentences until then.
 */
export function findCut({ text, cut }: Answer): { span: Span | null; rule: string } | null {
  if (cut !== null) return cut ? { span: null, rule: 'reached the limit of tokens' } : null;
  const end = text.trimEnd();
  const tail = { from: Math.max(0, end.length - 24), to: end.length };
  // A fence that was never closed, with prose behind the code, is a broken form and not the end of the tokens.
  if ((end.match(/^[ \t]*```/gm)?.length ?? 0) % 2 === 1 && !closingSentence.test(end))
    return { span: tail, rule: 'stops inside a block of code' };
  if (end.endsWith('```')) return null;
  if (/\\boxed\{[^}]*$/.test(end)) return { span: tail, rule: 'stops inside a box' };
  if (end.length < leastCharacters || !unfinished.test(end)) return null;
  const line = end.slice(end.lastIndexOf('\n') + 1);
  // Items, headings and single words end without a stop; so does a name under a letter.
  if (
    /[\p{L}\p{M}]$/u.test(end) &&
    (closedLine.test(line) || endsInTag.test(line) || signature.test(end) || line.length < 24)
  )
    return null;
  const body = end.slice(0, end.length - 1);
  const sentences = body.match(sentenceEnds)?.length ?? 0;
  return sentences >= 2 ? { span: tail, rule: 'stops in the middle of a sentence' } : null;
}
