/** A pattern that has no equal here: what of it. */
export class NoSuchPattern extends Error {
  constructor(part: string) {
    super(`its pattern uses ${part}`);
    this.name = 'NoSuchPattern';
  }
}

const letter = String.raw`[\p{L}\p{N}_]`;
const blank = String.raw`\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000`;
const end = String.raw`(?![\s\S])`;
const edge = `(?:(?<=${letter})(?!${letter})|(?<!${letter})(?=${letter}))`;
/** What Python's classes of characters hold, for use in brackets; capitals are what they do not hold. */
const classes: Readonly<Record<string, string>> = { d: String.raw`\p{Nd}`, w: String.raw`\p{L}\p{N}_`, s: blank };

interface Flags {
  i: boolean;
  m: boolean;
  s: boolean;
}

/**
 * Python's `re` for a text, as an expression that finds the same: there, letters and digits are those of all scripts, `.` leaves out the
 * line feed alone, `$` also matches before the last line feed, and braces may stand for themselves.
 * @throws NoSuchPattern for what JavaScript has no equal of, SyntaxError for what neither understands.
 */
export function pythonRegex(pattern: string): RegExp {
  const [, given = ''] = /^\(\?([aiLmsux]+)\)/.exec(pattern) ?? [];
  const odd = /[aLx]/.exec(given)?.[0];
  if (odd !== undefined) throw new NoSuchPattern(`the flag “${odd}”`);
  const flags: Flags = { i: given.includes('i'), m: given.includes('m'), s: given.includes('s') };
  const from = given === '' ? 0 : given.length + 3;
  return new RegExp(new Translation(pattern, from, flags).whole(), flags.i ? 'giu' : 'gu');
}

class Translation {
  readonly #text: string;
  readonly #flags: Flags;
  #at: number;

  constructor(text: string, from: number, flags: Flags) {
    this.#text = text;
    this.#at = from;
    this.#flags = flags;
  }

  whole(): string {
    let out = '';
    while (this.#at < this.#text.length) out += this.#next();
    return out;
  }

  #next(): string {
    const rest = this.#text.slice(this.#at);
    const char = String.fromCodePoint(rest.codePointAt(0) ?? 0);
    if (char === '(' && rest[1] === '?') return this.#group(rest);
    if (char === '[') return this.#brackets();
    if (char === '\\') return this.#escape(false);
    const times = /^(?:[*+?]|\{\d*,?\d*\})([+?]?)/.exec(rest);
    if (times !== null && !rest.startsWith('{}')) return this.#repetition(times[0], times[1] === '+');
    this.#at += char.length;
    if (char === '.') return this.#flags.s ? String.raw`[\s\S]` : String.raw`[^\n]`;
    if (char === '^') return this.#flags.m ? String.raw`(?<![^\n])` : String.raw`(?<![\s\S])`;
    if (char === '$') return this.#flags.m ? String.raw`(?![^\n])` : String.raw`(?=\n?${end})`;
    return /[{}\]]/.test(char) ? `\\${char}` : char;
  }

  #repetition(text: string, isPossessive: boolean): string {
    if (isPossessive) throw new NoSuchPattern('a possessive repetition');
    this.#at += text.length;
    return text.replace('{,', '{0,');
  }

  #group(rest: string): string {
    const kept = /^\(\?(?:-?i)?:|^\(\?(?:=|!|<=|<!)/.exec(rest)?.[0];
    if (kept !== undefined) {
      this.#at += kept.length;
      return kept;
    }
    const named = /^\(\?P<(\w+)>/.exec(rest);
    if (named !== null) {
      this.#at += named[0].length;
      return `(?<${named[1]}>`;
    }
    const again = /^\(\?P=(\w+)\)/.exec(rest);
    if (again !== null) {
      this.#at += again[0].length;
      return `\\k<${again[1]}>`;
    }
    const comment = /^\(\?#[^)]*\)/.exec(rest)?.[0];
    if (comment === undefined) throw new NoSuchPattern(`“${rest.slice(0, 4)}”`);
    this.#at += comment.length;
    return '';
  }

  #brackets(): string {
    this.#at += 1;
    let out = '[';
    if (this.#text[this.#at] === '^') {
      out += '^';
      this.#at += 1;
    }
    for (let isFirst = true; ; isFirst = false) {
      const char = this.#text[this.#at];
      if (char === undefined) throw new NoSuchPattern('a bracket that is not closed');
      if (char === ']' && !isFirst) break;
      if (char === '\\') out += this.#escape(true);
      else {
        out += /[[\]{}()/|^]/.test(char) ? `\\${char}` : char;
        this.#at += 1;
      }
    }
    this.#at += 1;
    return `${out}]`;
  }

  #escape(isInBrackets: boolean): string {
    const rest = this.#text.slice(this.#at + 1);
    const coded = /^(?:x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8})/.exec(rest)?.[0];
    if (coded !== undefined) {
      this.#at += 1 + coded.length;
      return `\\u{${coded.slice(1)}}`;
    }
    const char = String.fromCodePoint(rest.codePointAt(0) ?? 0);
    this.#at += 1 + char.length;
    if (/[dws]/.test(char)) return isInBrackets ? (classes[char] ?? '') : `[${classes[char]}]`;
    if (/[DWS]/.test(char) && !isInBrackets) return `[^${classes[char.toLowerCase()]}]`;
    if (char === 'D') return String.raw`\P{Nd}`;
    // Python's blanks and JavaScript's differ in a few control characters, for which there is no shorter way in brackets.
    if (char === 'S') return String.raw`\S\ufeff`;
    if (char === 'a') return String.raw`\x07`;
    if (isInBrackets && char === 'b') return String.raw`\x08`;
    if (char === 'b') return edge;
    if (char === 'B') return `(?!${edge})`;
    if (char === 'A') return String.raw`(?<![\s\S])`;
    if (char === 'Z') return end;
    if (/[nrtfv]/.test(char)) return `\\${char}`;
    if (/[1-9]/.test(char) && !isInBrackets) return `\\${char}`;
    if (/[\p{L}\p{N}]/u.test(char)) throw new NoSuchPattern(`“\\${char}”`);
    return /[\^$\\.*+?()[\]{}|/-]/.test(char) ? (char === '-' && !isInBrackets ? char : `\\${char}`) : char;
  }
}

/** `re.findall`: the group of each match where there is one, all groups where there are several, else the match. */
export function findAll(regex: RegExp, text: string): (string | string[])[] {
  return Array.from(text.matchAll(regex), ([whole, ...groups]) => {
    const texts = groups.map((group: string | undefined) => group ?? '');
    return texts.length === 0 ? whole : texts.length === 1 ? (texts[0] ?? '') : texts;
  });
}

/** `re.sub` with nothing in its place. */
export function without(regex: RegExp, text: string): string {
  return text.replace(regex, '');
}

const outer = new RegExp(`^[${blank}]+|[${blank}]+$`, 'gu');

/** `str.strip()`. */
export function strip(text: string): string {
  return text.replace(outer, '');
}
