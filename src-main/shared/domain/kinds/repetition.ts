import type { Span } from './change-kinds.ts';

/** Words that a loop may consist of, at most; and characters, where words do not tell. */
const longestPeriod = 60;
const longestUnit = 24;
/** A loop covers this share of an answer, or this many characters. */
const leastShare = 0.25;
const leastCharacters = 200;
const readCharacters = 20_000;

/** How often a unit of so many words must come in a row: short ones may repeat for emphasis, long ones hardly. */
function timesNeeded(period: number): number {
  if (period === 1) return 8;
  if (period <= 3) return 5;
  return period <= 7 ? 4 : 3;
}

/** A part that repeats itself in a row: words, or characters within one word and in scripts without blanks. */
export function findRepetition(text: string): Span | null {
  if (text.length < 16) return null;
  const read = text.length > readCharacters ? text.slice(0, readCharacters) : text;
  return wordLoop(read) ?? characterLoop(read);
}

/** Where a hash was met last: kept between texts, told apart by a growing base, so that nothing has to be cleared. */
const lastPlace = new Int32Array(1 << 14);
let base = longestPeriod;

/** How many places repeat what stood `distance` before, by distance: the distances that may be a loop's. */
function repeatsByDistance(hashes: Int32Array, count: number, longest: number): Int32Array {
  const repeats = new Int32Array(longest + 1);
  if (base > 2_000_000_000) {
    lastPlace.fill(0);
    base = longestPeriod;
  }
  for (let i = 0; i < count; i++) {
    const at = (hashes[i] ?? 0) & 0x3fff;
    const distance = base + i - (lastPlace[at] ?? 0);
    if (distance <= longest) repeats[distance]!++;
    lastPlace[at] = base + i;
  }
  base += count + longest + 1;
  return repeats;
}

/** Words of the text at hand: hashes and places, in arrays that are kept. */
const words = {
  hashes: new Int32Array(readCharacters / 2 + 1),
  starts: new Int32Array(readCharacters / 2 + 1),
  ends: new Int32Array(readCharacters / 2 + 1),
};
const characters = new Int32Array(readCharacters);

/** Fills `words`; returns how many there are. A model that loops writes the same words, in the same case. */
function readWords(text: string): number {
  let count = 0;
  let hash = 0;
  let from = -1;
  for (let i = 0; i <= text.length; i++) {
    const code = i < text.length ? text.charCodeAt(i) : 32;
    const isBlank = code <= 32 || code === 0xa0 || code === 0x3000;
    if (!isBlank) {
      if (from < 0) from = i;
      hash = (Math.imul(hash, 31) + code) | 0;
    } else if (from >= 0) {
      words.hashes[count] = hash ^ (hash >>> 15);
      words.starts[count] = from;
      words.ends[count++] = i;
      hash = 0;
      from = -1;
    }
  }
  return count;
}

function wordLoop(text: string): Span | null {
  const { hashes, starts, ends } = words;
  const count = readWords(text);
  if (count < 8) return null;
  const repeats = repeatsByDistance(hashes, count, Math.min(longestPeriod, Math.floor(count / 3)));
  // A period of several words may hold a word twice, whose nearer repeat hides the loop's own: half of them will do.
  const most = repeats.length - 1;
  for (let period = 1; period <= most; period++) {
    const needed = (timesNeeded(period) - 1) * period;
    if ((repeats[period] ?? 0) * 3 < needed) continue;
    let run = 0;
    for (let i = period; i <= count; i++) {
      if (i < count && hashes[i] === hashes[i - period]) run++;
      else {
        if (run >= needed) {
          const span = { from: starts[i - run - period] ?? 0, to: ends[i - 1] ?? text.length };
          if (isLoop(text, span, period)) return span;
        }
        run = 0;
      }
    }
  }
  return null;
}

function isLoop(text: string, span: Span, period: number): boolean {
  const length = span.to - span.from;
  if (length < 24 || (length < leastCharacters && length < leastShare * text.trim().length)) return false;
  const looped = text.slice(span.from, span.to);
  // Rows of numbers, rules and tables repeat without being loops.
  const letters = looped.match(/\p{L}/gu)?.length ?? 0;
  return letters * 3 >= length && !(period === 1 && /^(?:true|false|null|none|nan)\b/i.test(looped));
}

/** Units of some characters: words without blanks, one sign again and again, scripts without blanks. */
function characterLoop(text: string): Span | null {
  let [before, last] = [0, 0];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const three = (Math.imul(before, 961) + Math.imul(last, 31) + code) | 0;
    characters[i] = three ^ (three >>> 9);
    before = last;
    last = code;
  }
  const repeats = repeatsByDistance(characters, text.length, longestUnit);
  for (let period = 1; period <= longestUnit; period++) {
    if ((repeats[period] ?? 0) < 8) continue;
    let run = 0;
    for (let i = period; i <= text.length; i++) {
      if (i < text.length && text.charCodeAt(i) === text.charCodeAt(i - period)) run++;
      else {
        if (run >= 14) {
          const span = { from: i - run - period, to: i };
          if (isCharacterLoop(text, span, period)) return span;
        }
        run = 0;
      }
    }
  }
  return null;
}

function isCharacterLoop(text: string, { from, to }: Span, period: number): boolean {
  const length = to - from;
  const unit = text.slice(from, from + period);
  if (unit.trim() === '') return false;
  const share = length / text.trim().length;
  const letters = unit.match(/[\p{L}\p{M}\p{Extended_Pictographic}]/gu)?.length ?? 0;
  if (letters === 0) return length >= 60 && share >= 0.5 && !/^[\s|:+=_*~.#-]+$/.test(unit);
  // Signs of two halves are one.
  const signs = [...unit].length;
  const neededTimes = signs === 1 ? 18 : signs <= 3 ? 8 : 5;
  return length / period >= neededTimes && (share >= leastShare || length >= leastCharacters);
}
