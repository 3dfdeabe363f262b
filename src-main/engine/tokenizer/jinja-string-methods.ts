import { capitalize, splitLines, splitRight, strip, title } from './python-text.ts';
import { listOf, textOrNull, textAt } from './jinja-values.ts';
import type { Value } from './jinja-values.ts';

type StringMethod = (text: string, args: readonly Value[], keywords: ReadonlyMap<string, Value>) => unknown;

/** Methods that the library lacks, or has without their arguments. */
export const stringMethods = new Map<string, StringMethod>([
  ['strip', (text, [characters]) => strip(text, 'both', textOrNull(characters))],
  ['lstrip', (text, [characters]) => strip(text, 'left', textOrNull(characters))],
  ['rstrip', (text, [characters]) => strip(text, 'right', textOrNull(characters))],
  ['title', title],
  ['capitalize', capitalize],
  ['splitlines', splitLines],
  ['rsplit', (text, args) => splitRight(text, textAt(args, 0), args[1] === undefined ? -1 : Number(args[1].value))],
  ['removeprefix', (text, args) => (text.startsWith(textAt(args, 0)) ? text.slice(textAt(args, 0).length) : text)],
  [
    'removesuffix',
    (text, args) => {
      const end = textAt(args, 0);
      return end !== '' && text.endsWith(end) ? text.slice(0, -end.length) : text;
    },
  ],
  [
    'find',
    (text, args) =>
      Array.from(text.slice(0, Math.max(0, text.indexOf(textAt(args, 0))))).length +
      (text.includes(textAt(args, 0)) ? 0 : -1),
  ],
  ['count', (text, args) => text.split(textAt(args, 0)).length - 1],
  [
    'join',
    (text, [items]) =>
      items === undefined
        ? ''
        : listOf(items)
            .map((item) => String(item.value))
            .join(text),
  ],
  ['isdigit', (text) => /^\p{Nd}+$/u.test(text)],
  ['isalpha', (text) => /^\p{L}+$/u.test(text)],
  ['isspace', (text) => text !== '' && strip(text, 'both', null) === ''],
  ['isupper', (text) => text !== text.toLowerCase() && text === text.toUpperCase()],
  ['islower', (text) => text !== text.toUpperCase() && text === text.toLowerCase()],
]);
