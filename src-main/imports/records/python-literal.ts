const maxDepth = 100;

/**
 * A value as Python's `repr` writes it: None, truth values, numbers (nan and inf are null), texts in either quotes, lists, tuples
 * and sets as lists, dicts with keys as text. Tools that write `str(value)` into a column leave this behind. Undefined where the text
 * is no such value.
 */
export function parsePythonLiteral(text: string): unknown {
  const reader = new Reader(text);
  try {
    const value = reader.value(0);
    reader.blank();
    return reader.atEnd ? value : undefined;
  } catch (error) {
    if (error instanceof NoLiteral) return undefined;
    throw error;
  }
}

class NoLiteral extends Error {}

const words = new Map<string, unknown>([
  ['None', null],
  ['True', true],
  ['False', false],
  ['nan', null],
  ['inf', null],
]);
const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\u0007',
  b: '\b',
  f: '\f',
  v: '\v',
  '\n': '',
};

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  blank(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at += 1;
  }

  value(depth: number): unknown {
    if (depth > maxDepth) throw new NoLiteral();
    this.blank();
    const first = this.#text[this.#at] ?? '';
    if (first === '[') return this.#list(']', depth);
    if (first === '(') return this.#list(')', depth);
    if (first === '{') return this.#braces(depth);
    if (first === '"' || first === "'") return this.#string(first);
    return this.#numberOrWord(depth);
  }

  #list(close: string, depth: number): unknown[] {
    this.#at += 1;
    const values: unknown[] = [];
    while (!this.#take(close)) {
      values.push(this.value(depth + 1));
      if (!this.#take(',') && !this.#sees(close)) throw new NoLiteral();
    }
    return values;
  }

  #braces(depth: number): unknown {
    this.#at += 1;
    if (this.#take('}')) return {};
    const first = this.value(depth + 1);
    if (!this.#take(':')) return this.#set(first, depth);
    const entries: [string, unknown][] = [[keyOf(first), this.value(depth + 1)]];
    for (;;) {
      if (!this.#take(',') && !this.#sees('}')) throw new NoLiteral();
      if (this.#take('}')) return Object.fromEntries(entries);
      const key = this.value(depth + 1);
      if (!this.#take(':')) throw new NoLiteral();
      entries.push([keyOf(key), this.value(depth + 1)]);
    }
  }

  #set(first: unknown, depth: number): unknown[] {
    const values = [first];
    for (;;) {
      if (!this.#take(',') && !this.#sees('}')) throw new NoLiteral();
      if (this.#take('}')) return values;
      values.push(this.value(depth + 1));
    }
  }

  #string(quote: string): string {
    let text = '';
    let from = this.#at + 1;
    for (let at = from; at < this.#text.length; at += 1) {
      const char = this.#text[at];
      if (char === quote) {
        this.#at = at + 1;
        return text + this.#text.slice(from, at);
      }
      if (char !== '\\') continue;
      const { decoded, length } = this.#escape(at + 1);
      text += this.#text.slice(from, at) + decoded;
      from = at + 1 + length;
      at = from - 1;
    }
    throw new NoLiteral();
  }

  #escape(at: number): { decoded: string; length: number } {
    const char = this.#text[at] ?? '';
    const digits = { x: 2, u: 4, U: 8 }[char];
    if (digits === undefined) return { decoded: escapes[char] ?? char, length: 1 };
    const hex = this.#text.slice(at + 1, at + 1 + digits);
    const code = /^[0-9a-f]+$/i.test(hex) && hex.length === digits ? Number.parseInt(hex, 16) : -1;
    if (code < 0 || code > 0x10ffff) throw new NoLiteral();
    return { decoded: String.fromCodePoint(code), length: 1 + digits };
  }

  #numberOrWord(depth: number): unknown {
    const match = /[-+]?[\w.+-]+/y;
    match.lastIndex = this.#at;
    const word = match.exec(this.#text)?.[0];
    if (word === undefined) throw new NoLiteral();
    this.#at += word.length;
    // numpy 2 names the type of each number: np.float64(0.5).
    if (/^(np|numpy)\.\w+$/.test(word) && this.#take('(')) {
      const value = this.value(depth + 1);
      if (!this.#take(')')) throw new NoLiteral();
      return value;
    }
    const plain = word.replace(/^[-+]/, '');
    if (words.has(plain)) return words.get(plain);
    if (!/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(word)) throw new NoLiteral();
    const number = Number(word);
    return /^[-+]?\d+$/.test(word) && !Number.isSafeInteger(number) ? word : number;
  }

  #sees(char: string): boolean {
    this.blank();
    return this.#text[this.#at] === char;
  }

  #take(char: string): boolean {
    if (!this.#sees(char)) return false;
    this.#at += 1;
    return true;
  }
}

function keyOf(value: unknown): string {
  return typeof value === 'string' ? value : String(value);
}
