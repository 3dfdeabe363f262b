import { wordsOf } from '../statistics/slice-texts.ts';

/** Something that is true of a sample or not: what a set of samples has in common is told by such statements. */
export type Statement =
  /** A kind of change by name; `refusal:gone` = of the old answer alone. */
  | { readonly is: 'change'; readonly name: string }
  | { readonly is: 'slice'; readonly name: string }
  | { readonly is: 'tag'; readonly name: string }
  /** In words, as a judge said of some samples that it holds. */
  | { readonly is: 'judged'; readonly text: string }
  /** Words that follow each other in the prompt. */
  | { readonly is: 'prompt'; readonly words: string }
  /** Characters of the prompt, of the target; `below` is not part of it. */
  | { readonly is: 'prompt-length' | 'target-length'; readonly from: number; readonly below: number | null };

/** Of longer prompts the beginning is read: a bound on work. Lengths beyond it are one. */
export const statementCharacters = 4000;

/** As filters, addresses and the command line write it: `change:refusal`, `prompt:not happy`, `prompt-length:120..300`. */
export function statementText(statement: Statement): string {
  switch (statement.is) {
    case 'prompt':
      return `prompt:${statement.words}`;
    case 'judged':
      return `judged:${statement.text}`;
    case 'prompt-length':
    case 'target-length':
      return `${statement.is}:${statement.from}..${statement.below ?? ''}`;
    default:
      return `${statement.is}:${statement.name}`;
  }
}

/** Null where the text is no statement. */
export function parseStatement(text: string): Statement | null {
  const border = text.indexOf(':');
  const [is, rest] = [text.slice(0, border), text.slice(border + 1)];
  if (border < 0 || rest === '') return null;
  switch (is) {
    case 'change':
    case 'slice':
    case 'tag':
      return { is, name: rest };
    case 'judged':
      return { is, text: rest };
    case 'prompt': {
      const words = wordsOf(rest).join(' ');
      return words === '' ? null : { is, words };
    }
    case 'prompt-length':
    case 'target-length': {
      const [, from, below] = /^(\d{0,9})\.\.(\d{0,9})$/.exec(rest) ?? [];
      if (from === undefined || (from === '' && below === '')) return null;
      return { is, from: Number(from), below: below === undefined || below === '' ? null : Number(below) };
    }
    default:
      return null;
  }
}

/** What statements about the input speak of. */
export interface StatedInput {
  readonly prompt: string;
  readonly target: string | null;
}

/** Whether a statement on prompt or target holds; the others are looked up where samples are kept. */
export function inputTest(
  statement: Extract<Statement, { is: 'prompt' | 'prompt-length' | 'target-length' }>,
): (input: StatedInput) => boolean {
  switch (statement.is) {
    case 'prompt': {
      const words = statement.words.split(' ');
      const [first = ''] = words;
      return ({ prompt }) => {
        const text = prompt.slice(0, statementCharacters).toLowerCase();
        return text.includes(first) && hasInARow(wordsOf(text), words);
      };
    }
    case 'prompt-length':
      return ({ prompt }) => isWithin(Math.min(prompt.length, statementCharacters), statement);
    case 'target-length':
      return ({ target }) => target !== null && isWithin(target.length, statement);
  }
}

function isWithin(length: number, { from, below }: { from: number; below: number | null }): boolean {
  return length >= from && (below === null || length < below);
}

function hasInARow(text: readonly string[], words: readonly string[]): boolean {
  for (let at = text.indexOf(words[0] ?? ''); at >= 0; at = text.indexOf(words[0] ?? '', at + 1)) {
    if (words.every((word, i) => text[at + i] === word)) return true;
  }
  return false;
}

/** A statement about what went in, and not about what became of it: rates among such samples keep their meaning. */
export function isOfInput(text: string): boolean {
  const is = parseStatement(text)?.is;
  return is !== 'change' && is !== 'judged';
}
