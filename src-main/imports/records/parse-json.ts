import { isUtf8 } from 'node:buffer';
import type { ImportLimits } from '../limits.ts';
import type { Place } from '../types.ts';
import { problemRecord, type RawRecord } from './record.ts';

/** Parses one record's bytes, or says why they are none. */
export function parseRecord(
  bytes: Buffer,
  place: Place,
  limits: ImportLimits,
  onInfinite: () => void = () => undefined,
): RawRecord {
  if (!isUtf8(bytes)) return problemRecord(place, 'invalid-utf8', 'The record is not valid UTF-8.');
  let value: unknown;
  try {
    value = parseJson(bytes.toString('utf8'), onInfinite);
  } catch (error) {
    if (bytes.includes(0))
      return problemRecord(place, 'nul-bytes', 'The record holds NUL bytes and cannot be read as JSON.');
    return problemRecord(place, 'bad-json', `The record is not JSON: ${describe(error)}.`);
  }
  if (isDeeperThan(value, limits.maxDepth)) {
    return problemRecord(place, 'too-deep', `The record is nested deeper than ${limits.maxDepth} levels.`);
  }
  return { ...place, value };
}

/**
 * JSON as Python writes it: `NaN`, `Infinity` and `-Infinity` outside strings are read as null, since no metric, score or
 * verdict can be made of them. NaN is Python's way to say that a value is missing; of an infinite number `onInfinite` hears.
 * @throws SyntaxError when it is no JSON even so.
 */
export function parseJson(text: string, onInfinite: () => void = () => undefined): unknown {
  try {
    return parseExactly(text);
  } catch (error) {
    if (!/NaN|Infinity/.test(text)) throw error;
    const plain = nullNonFinite(text);
    const value = parseExactly(plain.text);
    if (plain.hadInfinite) onInfinite();
    return value;
  }
}

/** Where a whole number of 16 digits or more may be; the digits of a fraction, of which log-probabilities have as many, follow a point. */
const mayBeLarge = /(?:^|[[:,\s])-?\d{16}/;

/** Whole numbers beyond 2⁵³ (snowflakes, 64-bit hashes) as the text they are written in: as numbers some would fall together. */
function parseExactly(text: string): unknown {
  return mayBeLarge.test(text) ? (JSON.parse(text, keepLargeIntegers) as unknown) : (JSON.parse(text) as unknown);
}

function keepLargeIntegers(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? '';
  return /^-?\d+$/.test(source) ? source : value;
}

/** Replaces the three words by null, skipping strings by hand: a regular expression for strings recurses on long ones. */
function nullNonFinite(text: string): { text: string; hadInfinite: boolean } {
  const parts: string[] = [];
  let hadInfinite = false;
  let from = 0;
  while (from < text.length) {
    const quote = text.indexOf('"', from);
    const end = quote === -1 ? text.length : quote;
    const outside = text.slice(from, end);
    hadInfinite ||= /\bInfinity\b/.test(outside);
    parts.push(outside.replace(/-?\bInfinity\b|\bNaN\b/g, 'null'));
    if (quote === -1) break;
    from = endOfString(text, quote);
    parts.push(text.slice(quote, from));
  }
  return { text: parts.join(''), hadInfinite };
}

/** Index just behind the string that opens at `quote`. */
function endOfString(text: string, quote: number): number {
  let at = quote + 1;
  for (;;) {
    const close = text.indexOf('"', at);
    if (close === -1) return text.length;
    let backslashes = 0;
    while (text[close - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return close + 1;
    at = close + 1;
  }
}

/** Whether arrays and objects nest beyond `levels`; it never goes deeper than that itself. */
export function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  for (const child of Array.isArray(value) ? (value as unknown[]) : Object.values(value)) {
    if (typeof child === 'object' && child !== null && isDeeperThan(child, levels - 1)) return true;
  }
  return false;
}

/** V8 quotes the document in its message; a line or two of it is enough. */
function describe(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.length <= 160 ? message : `${message.slice(0, 157)}…`;
}
