/**
 * The words of a text as numbers, for comparing many texts: letters and digits of any script between what is neither, after NFKC and
 * lower case. Scripts that are written without blanks count letter by letter. A word that comes again is another element, so that
 * “7 + 12” and “12 + 7 + 7” differ.
 * @returns 32-bit hashes, ascending, no two alike.
 */
export function wordHashes(text: string): Int32Array {
  return distinct(occurrences(text));
}

/** The words of a text that is put together of parts, between which no word continues. */
export function setOfWords(parts: readonly Int32Array[]): Int32Array {
  return distinct(joined(parts));
}

/** The same for several texts that are told apart: a word of the first is another element than the same word of the second. */
export function wordHashesOf(texts: readonly string[]): Int32Array {
  const parts = texts.map((text, i) => {
    const hashes = distinct(occurrences(text));
    return i === 0 ? hashes : hashes.map((hash) => hash ^ Math.imul(i, 0x9e3779b1));
  });
  return joined(parts).sort();
}

function joined(parts: readonly Int32Array[]): Int32Array {
  const all = new Int32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** A hash for each word, in the order of the text; a word that comes again has the same one. */
export function occurrences(text: string): Int32Array {
  const plain = isAscii(text) ? text.toLowerCase() : text.normalize('NFKC').toLowerCase();
  const hashes: number[] = [];
  let hash = offset;
  let open = false;
  const close = (): void => {
    if (open) hashes.push(mixed(hash));
    hash = offset;
    open = false;
  };
  for (let i = 0; i < plain.length; i++) {
    const code = plain.charCodeAt(i);
    const kind = kindOf(code);
    if (kind === separator || kind === alone) close();
    if (kind === separator) continue;
    hash = Math.imul(hash ^ code, prime);
    open = true;
    if (kind === alone) close();
  }
  close();
  return Int32Array.from(hashes);
}

/** |A ∩ B| / |A ∪ B| of two ascending lists; 0 where both are empty. */
export function jaccard(left: Int32Array, right: Int32Array): number {
  let shared = 0;
  for (let i = 0, j = 0; i < left.length && j < right.length;) {
    const [a, b] = [left[i] as number, right[j] as number];
    if (a === b) shared++;
    if (a <= b) i++;
    if (b <= a) j++;
  }
  const all = left.length + right.length - shared;
  return all === 0 ? 0 : shared / all;
}

const offset = 0x811c9dc5 | 0;
const prime = 0x01000193;
const [separator, letter, alone] = [1, 2, 3];
/** What each UTF-16 unit is; 0 = not looked at yet. */
const kinds = new Uint8Array(65_536);

function kindOf(code: number): number {
  const known = kinds[code] as number;
  if (known !== 0) return known;
  return (kinds[code] = lookedAt(code));
}

function lookedAt(code: number): number {
  // Halves of characters beyond the first plane: letters of rare scripts and pictures, which tell texts apart as words do.
  if (code >= 0xd800 && code <= 0xdfff) return letter;
  const character = String.fromCharCode(code);
  if (
    /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u.test(
      character,
    )
  ) {
    return alone;
  }
  return /[\p{L}\p{N}\p{M}]/u.test(character) ? letter : separator;
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false;
  return true;
}

/** Sorted, with the second and further occurrences of a word made numbers of their own. */
function distinct(hashes: Int32Array): Int32Array {
  hashes.sort();
  let again = 0;
  let previous = 0;
  for (let i = 0; i < hashes.length; i++) {
    const hash = hashes[i] as number;
    again = i > 0 && hash === previous ? again + 1 : 0;
    previous = hash;
    if (again > 0) hashes[i] = mixed(hash ^ Math.imul(again, 0x9e3779b1));
  }
  return hashes.sort();
}

function mixed(hash: number): number {
  let x = hash ^ (hash >>> 16);
  x = Math.imul(x, 0x85ebca6b);
  x ^= x >>> 13;
  x = Math.imul(x, 0xc2b2ae35);
  return x ^ (x >>> 16);
}
