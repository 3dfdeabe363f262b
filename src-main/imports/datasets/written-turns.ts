import type { Message, TextOrChat } from '../../shared/domain/datasets.ts';
import { parsePythonLiteral } from '../records/python-literal.ts';
import { Misfit } from '../problems.ts';
import { asTextOrChat, isChat } from '../values.ts';

const beginning = /^\s*\[\s*\{\s*["'](?:role|from|content|value)["']\s*:/;

/** Whether a value is a list, or a text that begins as a list of turns does. */
export function holdsTurns(value: unknown): boolean {
  return Array.isArray(value) || (typeof value === 'string' && beginning.test(value));
}

/**
 * A prompt or response of a data set. Turns that were written into a text, as JSON or as Python shows them, are turns: a CSV can hold
 * them in no other way, and learnt as a text they would teach brackets and quotes.
 * @throws Misfit where a text begins as turns do and cannot be read as such.
 */
export function asTextOrTurns(value: unknown, field: string): TextOrChat {
  return asTextOrChat(typeof value === 'string' ? (writtenTurns(value, field) ?? value) : value, field);
}

/** A list of turns, also where it was written into a text. */
export function asTurns(value: unknown, field: string): Message[] {
  const turns = asTextOrTurns(value, field);
  if (typeof turns !== 'string') return turns;
  throw new Misfit('wrong-type', `“${field}” is a text, turns with role and content are needed.`, field);
}

function writtenTurns(text: string, field: string): unknown[] | null {
  if (!beginning.test(text)) return null;
  const turns = parsed(text);
  if (isChat(turns)) return turns;
  throw new Misfit('wrong-type', `“${field}” begins as turns written into a text, and cannot be read as such.`, field);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return parsePythonLiteral(text);
  }
}
