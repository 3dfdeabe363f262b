/** A run of text, and whether a search found it. */
export interface HitPart {
  text: string;
  hit: boolean;
}
export type SearchMode = 'substring' | 'word';

/** Longer texts are marked in their first part only: nobody reads further in one look. */
const markedCharacters = 200_000;
const mostHits = 2000;

/** Where a search is found in a text, by the rules of the list: in either case; as it stands, or as whole words without accents. */
export function searchHits(text: string, search: string, mode: SearchMode = 'substring'): HitPart[] {
  const parts: HitPart[] = [];
  let at = 0;
  for (const [from, to] of hitsIn(text, search, mode)) {
    if (from < at) continue;
    if (from > at) parts.push({ text: text.slice(at, from), hit: false });
    parts.push({ text: text.slice(from, to), hit: true });
    at = to;
  }
  if (at < text.length || parts.length === 0) parts.push({ text: text.slice(at), hit: false });
  return parts;
}

/** The text from shortly before its first hit on, for a narrow cell; all of it where the hit is near the beginning. */
export function fromFirstHit(text: string, search: string, mode: SearchMode = 'substring', before = 16): string {
  const [first] = hitsIn(text, search, mode);
  if (first === undefined || first[0] <= before) return text;
  const from = text.lastIndexOf(' ', first[0] - before) + 1;
  return `…${text.slice(from > 0 ? from : first[0] - before)}`;
}

function hitsIn(text: string, search: string, mode: SearchMode): [from: number, to: number][] {
  const asked = plain(search.trim(), mode).text;
  const patterns = mode === 'substring' ? [escaped(asked)] : asked.split(/\s+/).map(wholeWords);
  const known = patterns.filter((pattern) => pattern !== '');
  if (known.length === 0) return [];
  const { text: searched, starts } = plain(text.slice(0, markedCharacters), mode);
  const hits: [number, number][] = [];
  for (const match of searched.matchAll(new RegExp(known.join('|'), 'gu'))) {
    if (match[0] === '') continue;
    hits.push([starts[match.index] ?? 0, starts[match.index + match[0].length] ?? text.length]);
    if (hits.length >= mostHits) break;
  }
  return hits;
}

/** A phrase of a search by words: its words in a row, whatever comes between them. */
function wholeWords(phrase: string): string {
  const words = phrase.match(/[\p{L}\p{N}\p{Co}]+/gu) ?? [];
  if (words.length === 0) return '';
  return `(?<![\\p{L}\\p{N}\\p{Co}])${words.join('[^\\p{L}\\p{N}\\p{Co}]+')}(?![\\p{L}\\p{N}\\p{Co}])`;
}

/** The text as it is searched, and for each of its places, and its end, where that is in the original. */
function plain(text: string, mode: SearchMode): { text: string; starts: number[] } {
  let shown = '';
  const starts: number[] = [];
  let at = 0;
  for (const character of text) {
    const bare = mode === 'word' ? character.normalize('NFD').replace(/\p{M}+/gu, '') : character;
    const lower = bare.toLowerCase();
    for (let i = 0; i < lower.length; i++) starts.push(at);
    shown += lower;
    at += character.length;
  }
  starts.push(at);
  return { text: shown, starts };
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
