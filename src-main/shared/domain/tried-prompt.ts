/** How a prompt is put to a model: as it is, as one turn of its chat template, or as the models are used to. */
export const promptFormats = ['auto', 'text', 'chat'] as const;
export type PromptFormat = (typeof promptFormats)[number];

export interface TriedToken {
  id: number;
  text: string;
  /** Under the model itself, 0…1. */
  probability: number | null;
}

/** What one model answered to a prompt. */
export interface TriedAnswer {
  /** The model, checkpoint or run as it was named. */
  target: string;
  /** Without special tokens. */
  text: string;
  /** The answer's tokens; the one that ended it is left out. */
  tokens: TriedToken[];
  /** `stop`: the model ended it; `length`: it was cut at the most tokens asked for. */
  finish: 'stop' | 'length';
}

export interface TriedPrompt {
  prompt: string;
  format: Exclude<PromptFormat, 'auto'>;
  /** The old model's first, where there are two. */
  answers: TriedAnswer[];
  /** The place of the first token, from 0, in which two answers differ; null where they are the same, or there is one. */
  differsAt: FirstDifference | null;
}

/** An index that is the number of tokens means that this answer ended there. */
export interface FirstDifference {
  old: number;
  new: number;
}

/**
 * Where two answers part. Of one tokenizer it is a place in both; answers of two tokenizers are cut differently, so that each
 * has its own token that holds the first differing character.
 */
export function firstDifference(old: readonly TriedToken[], now: readonly TriedToken[]): FirstDifference | null {
  if (!sameTokenizer(old, now)) return byCharacters(old, now);
  const shorter = Math.min(old.length, now.length);
  let at = 0;
  while (at < shorter && old[at]?.id === now[at]?.id) at += 1;
  return at === old.length && at === now.length ? null : { old: at, new: at };
}

/** Nothing in the two answers speaks against it: no number stands for two texts, and no text for two numbers. */
function sameTokenizer(old: readonly TriedToken[], now: readonly TriedToken[]): boolean {
  const texts = new Map(old.map(({ id, text }) => [id, text]));
  // Parts of one character are told by the replacement character, which is not theirs alone.
  const ids = new Map(old.filter(({ text }) => !text.includes('\ufffd')).map(({ id, text }) => [text, id]));
  return now.every(({ id, text }) => (texts.get(id) ?? text) === text && (ids.get(text) ?? id) === id);
}

function byCharacters(old: readonly TriedToken[], now: readonly TriedToken[]): FirstDifference | null {
  const [oldText, newText] = [textOf(old), textOf(now)];
  if (oldText === newText) return null;
  const shorter = Math.min(oldText.length, newText.length);
  let at = 0;
  while (at < shorter && oldText[at] === newText[at]) at += 1;
  return { old: tokenAt(old, at), new: tokenAt(now, at) };
}

function tokenAt(tokens: readonly TriedToken[], character: number): number {
  let end = 0;
  const index = tokens.findIndex(({ text }) => (end += text.length) > character);
  return index < 0 ? tokens.length : index;
}

function textOf(tokens: readonly TriedToken[]): string {
  return tokens.map(({ text }) => text).join('');
}
