/** Strings as Python's `str` methods and `repr` treat them: what Jinja templates are written against. */

const blanks = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const leadingBlanks = new RegExp(`^[${blanks}]+`);
const trailingBlanks = new RegExp(`[${blanks}]+$`);

/** `str.strip`, `lstrip`, `rstrip`: strips blanks if `characters` is null, otherwise any of these characters, in any order. */
export function strip(text: string, side: 'both' | 'left' | 'right', characters: string | null): string {
  if (characters === null) {
    const left = side === 'right' ? text : text.replace(leadingBlanks, '');
    return side === 'left' ? left : left.replace(trailingBlanks, '');
  }
  const points = Array.from(text);
  const goes = new Set(characters);
  let from = 0;
  let to = points.length;
  if (side !== 'right') while (from < to && goes.has(points[from] ?? '')) from += 1;
  if (side !== 'left') while (to > from && goes.has(points[to - 1] ?? '')) to -= 1;
  return points.slice(from, to).join('');
}

/** `str.capitalize`: the first character upper, all others lower. */
export function capitalize(text: string): string {
  const [first = ''] = text;
  const upper = first.toUpperCase();
  // ß has two capitals and one title case: Ss.
  return (
    upper.slice(0, 1 + Number(first.length > 1)) +
    upper.slice(1 + Number(first.length > 1)).toLowerCase() +
    text.slice(first.length).toLowerCase()
  );
}

/** `str.title`: each letter that follows a non-letter upper, all others lower. */
export function title(text: string): string {
  return text.replace(/\p{L}\p{L}*/gu, (word) => capitalize(word));
}

/** Jinja's filter of that name splits at blanks, hyphens and opening brackets only. */
export function titleFilter(text: string): string {
  return text
    .split(/([-\s({[<]+)/u)
    .map((word) => {
      const [first = ''] = word;
      return first.toUpperCase() + word.slice(first.length).toLowerCase();
    })
    .join('');
}

const lineEnds = new RegExp(`\r\n|[\n\r\v\f${String.fromCharCode(0x1c, 0x1d, 0x1e)}\x85\u2028\u2029]`);

/** `str.splitlines`. */
export function splitLines(text: string): string[] {
  const lines = text.split(lineEnds);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** `str.rsplit(separator, most)`. */
export function splitRight(text: string, separator: string, most: number): string[] {
  const parts = text.split(separator);
  const over = most < 0 ? 0 : Math.max(0, parts.length - 1 - most);
  return over === 0 ? parts : [parts.slice(0, over + 1).join(separator), ...parts.slice(over + 1)];
}

/** `repr` of a string: single quotes, unless it holds those and no double ones. */
export function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let out = '';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (character === quote || character === '\\') out += `\\${character}`;
    else if (character === '\n') out += '\\n';
    else if (character === '\r') out += '\\r';
    else if (character === '\t') out += '\\t';
    else if (code < 0x20 || (code >= 0x7f && code < 0xa1) || code === 0xad)
      out += `\\x${code.toString(16).padStart(2, '0')}`;
    else out += character;
  }
  return quote + out + quote;
}

/** `repr` of a float: the shortest digits, exponents from 1e16 on and below 1e-4. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e16 || size < 1e-4)) {
    return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  }
  return Number.isInteger(value) ? `${Object.is(value, -0) ? '-0' : value}.0` : String(value);
}
