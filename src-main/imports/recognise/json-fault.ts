/** Where a text stops being JSON: an offset into it, and what is there. `atEnd`: it only stops too early. */
export interface JsonFault {
  offset: number;
  what: string;
  atEnd: boolean;
}

const literals = /(?:true|false|null)(?![\w$])/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])/y;
// eslint-disable-next-line no-control-regex -- the characters that JSON forbids in a string
const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;

/** The first fault of a text that does not parse; null where it finds none. No recursion: depth is the text’s to choose. */
export function findJsonFault(text: string): JsonFault | null {
  let at = 0;
  /** Open brackets, innermost last. */
  const open: ('[' | '{')[] = [];
  const skip = (): void => {
    while (at < text.length && ' \t\r\n'.includes(text[at] ?? '')) at += 1;
  };
  const take = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found !== null) at += found[0].length;
    return found !== null;
  };
  const fault = (what: string): JsonFault => ({
    offset: at,
    what,
    atEnd: isCutWord(text.slice(at, at + 32)) || isCutString(),
  });
  /** A string that is never closed: the text ends in it. */
  const isCutString = (): boolean => text[at] === '"' && !/^"(?:[^"\\]|\\.)*"/s.test(text.slice(at));
  let expects: 'value' | 'key' | 'after' = 'value';
  for (;;) {
    skip();
    if (expects === 'after') {
      const inner = open.at(-1);
      if (inner === undefined) return at < text.length ? fault('more text after the end') : null;
      const next = text[at];
      if (next === ',') {
        at += 1;
        expects = inner === '{' ? 'key' : 'value';
      } else if (next === (inner === '{' ? '}' : ']')) {
        at += 1;
        open.pop();
      } else return fault(`${shown(text, at)} where a comma or ${inner === '{' ? '}' : ']'} should be`);
      continue;
    }
    if (expects === 'key') {
      if (!take(string)) return fault(`${shown(text, at)} where a name in double quotes should be`);
      skip();
      if (text[at] !== ':') return fault(`${shown(text, at)} where a colon should be`);
      at += 1;
      expects = 'value';
      continue;
    }
    const next = text[at];
    if (next === '{' || next === '[') {
      at += 1;
      skip();
      if (text[at] === (next === '{' ? '}' : ']')) {
        at += 1;
        expects = 'after';
      } else {
        open.push(next);
        expects = next === '{' ? 'key' : 'value';
      }
    } else if (take(string) || take(number) || take(literals)) expects = 'after';
    else return fault(`${shown(text, at)} where a value should be`);
  }
}

/** Nothing, or the beginning of a literal or number: the text ends there. */
function isCutWord(rest: string): boolean {
  return /^(t|tr|tru|f|fa|fal|fals|n|nu|nul|-?\d*\.?\d*([eE][+-]?)?)$/.test(rest);
}

/** The line of an offset, from 1. */
export function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split(/\r\n?|\n/).length;
}

/** What is at an offset, in a few characters. */
function shown(text: string, at: number): string {
  const word = /^(?:[\w$.+-]+|"[^"\n]*"?|.)/u.exec(text.slice(at, at + 40))?.[0] ?? '';
  return word === '' ? 'nothing' : `“${word.slice(0, 24)}”`;
}
