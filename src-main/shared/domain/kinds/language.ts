import { languageCodes, languagesOfWord } from './function-words.ts';

/** Scripts by their letters' code points, and what a text in them is called. */
const scripts: readonly (readonly [name: string, letters: RegExp])[] = [
  ['Latin', /\p{Script=Latin}/u],
  ['Cyrillic', /\p{Script=Cyrillic}/u],
  ['Greek', /\p{Script=Greek}/u],
  ['Arabic', /\p{Script=Arabic}/u],
  ['Hebrew', /\p{Script=Hebrew}/u],
  ['Devanagari', /\p{Script=Devanagari}/u],
  ['Bengali', /\p{Script=Bengali}/u],
  ['Tamil', /\p{Script=Tamil}/u],
  ['Telugu', /\p{Script=Telugu}/u],
  ['Thai', /\p{Script=Thai}/u],
  ['Georgian', /\p{Script=Georgian}/u],
  ['Armenian', /\p{Script=Armenian}/u],
  ['Korean', /\p{Script=Hangul}/u],
  ['Japanese', /[\p{Script=Hiragana}\p{Script=Katakana}]/u],
  ['Chinese', /\p{Script=Han}/u],
];
const readCharacters = 400;
const leastLetters = 10;
/** Of signs that each are a syllable or a word, fewer make a text. */
const leastSigns = 4;

/** In which script and language an answer is written; null where too little tells. `language` is an ISO 639-1 code. */
export interface Writing {
  readonly script: string;
  readonly language: string | null;
}

export function writingOf(text: string): Writing | null {
  const prose = proseOf(text);
  const script = scriptOf(prose);
  if (script === null) return null;
  const language = ['Latin', 'Cyrillic', 'Arabic'].includes(script) ? languageOf(prose) : null;
  return { script, language };
}

/** True where both are told and differ. Where the script is the same, both languages must be sure. */
export function switched(old: Writing | null, now: Writing | null): boolean {
  if (old === null || now === null) return false;
  if (old.script !== now.script) return true;
  return old.language !== null && now.language !== null && old.language !== now.language;
}

/** How a text is named: “Cyrillic (ru)”. */
export function writingName({ script, language }: Writing): string {
  return language === null ? script : `${script} (${language})`;
}

/** Code, formulas and addresses are written in Latin letters everywhere. */
function proseOf(text: string): string {
  const head = text.slice(0, readCharacters);
  if (!/[`$\\<]|:\/\//.test(head)) return head;
  return head
    .replace(
      /```[\s\S]*?(?:```|$)|`[^`\n]*`|\$\$?[^$\n]*\$\$?|\\\[[\s\S]*?\\\]|\\\([\s\S]*?\\\)|https?:\/\/\S+|<[^>\n]{1,80}>/gu,
      ' ',
    )
    .replace(/\\[a-zA-Z]+/g, ' ');
}

function scriptOf(prose: string): string | null {
  if (!/[\u0250-\u1fff\u2070-\uffff]/.test(prose)) {
    let letters = 0;
    for (let i = 0; i < prose.length && letters < leastLetters; i++) if ((prose.charCodeAt(i) | 32) >= 97) letters++;
    return letters >= leastLetters ? 'Latin' : null;
  }
  const counts = new Map<string, number>();
  let letters = 0;
  for (const letter of prose.match(/\p{L}/gu) ?? []) {
    letters++;
    const name = letter < '\u0250' ? 'Latin' : (scripts.find(([, test]) => test.test(letter))?.[0] ?? 'other');
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const [kana, han] = [counts.get('Japanese') ?? 0, counts.get('Chinese') ?? 0];
  if (kana * 8 >= han && kana > 0) {
    counts.set('Japanese', kana + han);
    counts.delete('Chinese');
  }
  const [name, count] = [...counts].reduce((most, one) => (one[1] > most[1] ? one : most), ['', 0]);
  const isSigns = ['Chinese', 'Japanese', 'Korean', 'Thai'].includes(name);
  // A sign says as much as several letters.
  const weight = isSigns ? 3 : 1;
  if (count < (isSigns ? leastSigns : leastLetters)) return null;
  return (count * weight) / (letters - count + count * weight) >= 0.65 ? name : null;
}

const longestFunctionWord = 12;

/** At least three telling words, different ones, and half as many again as of any other language. */
function languageOf(prose: string): string | null {
  const hits = new Float64Array(languageCodes.length);
  // “25 per month, 20 per year, 10 per day” has one word of Italian.
  const different = new Float64Array(languageCodes.length);
  const seen = new Set<string>();
  let words = 0;
  const lower = prose.toLowerCase();
  let from = -1;
  for (let i = 0; i <= lower.length; i++) {
    const code = i < lower.length ? lower.charCodeAt(i) : 32;
    if ((code >= 97 && code <= 122) || (code >= 0xc0 && (code < 0x2000 || code > 0x2bff))) {
      if (from < 0) from = i;
      continue;
    }
    if (from < 0) continue;
    words++;
    const word = i - from > longestFunctionWord ? '' : lower.slice(from, i);
    let languages = languagesOfWord.get(word) ?? 0;
    const isNew = languages !== 0 && !seen.has(word);
    if (isNew) seen.add(word);
    from = -1;
    while (languages !== 0) {
      const bit = 31 - Math.clz32(languages);
      hits[bit]!++;
      if (isNew) different[bit]!++;
      languages ^= 1 << bit;
    }
  }
  let best = 0;
  hits.forEach((count, i) => (best = count > (hits[best] ?? 0) ? i : best));
  const most = hits[best] ?? 0;
  if ((different[best] ?? 0) < 3 || most < words * 0.15) return null;
  const second = hits.reduce((next, count, i) => (i !== best && count > next ? count : next), 0);
  return most >= second * 1.5 && most - second >= 2 ? (languageCodes[best] ?? null) : null;
}
