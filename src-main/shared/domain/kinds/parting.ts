/** Where two answers part: the first words, sentence and step of reasoning in which they differ. */
export interface Parting {
  /** UTF-16 offset of the first word that differs, on each side. */
  readonly left: number;
  readonly right: number;
  /** The word on each side; empty where one text is the other's beginning. */
  readonly leftWord: string;
  readonly rightWord: string;
  /** Counted from 1: the sentence and the step (a line, or a numbered step) it is in. */
  readonly sentence: number;
  readonly step: number;
  /** Characters both share before. */
  readonly shared: number;
}

/** Null where the texts are equal. */
export function partingOf(old: string, now: string): Parting | null {
  if (old === now) return null;
  let at = 0;
  const most = Math.min(old.length, now.length);
  while (at < most && old.charCodeAt(at) === now.charCodeAt(at)) at++;
  // Not in the middle of a word, nor of a sign of two halves.
  let from = at;
  while (from > 0 && (joined(old, from) || joined(now, from))) from--;
  const shared = old.slice(0, from);
  return {
    left: from,
    right: from,
    leftWord: wordAt(old, from),
    rightWord: wordAt(now, from),
    sentence: (shared.match(/[.!?…]+["'”’»)\]]*\s+|[。！？]|\n+(?=\S)/gu)?.length ?? 0) + 1,
    step: (shared.match(/\n+\s*(?=\S|$)/gu)?.length ?? 0) + 1,
    shared: from,
  };
}

const lettered = /[\p{L}\p{N}\p{M}]|\u200d|\ufe0f/u;
const unbordered = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;

function joined(text: string, at: number): boolean {
  const [before, after] = [text.charCodeAt(at - 1), text[at] ?? ''];
  if (before >= 0xd800 && before < 0xdc00) return true;
  const previous = text[at - 1] ?? '';
  return lettered.test(previous) && (after === '' || lettered.test(after)) && !unbordered.test(previous);
}

function wordAt(text: string, from: number): string {
  return /^\s*(?:[\p{L}\p{N}\p{M}’'-]+|[^\s])/u.exec(text.slice(from, from + 80))?.[0].trim() ?? '';
}
