import { hash } from 'node:crypto';

/**
 * The hashing of contents as version 3 had it, frozen: a migration gives the same on every machine and for all time, whatever the
 * program hashes by since. Nothing outside this folder imports it.
 */
const storedBytes = 16;

type Text = string | readonly { role: string; content: string }[];

export interface FrozenRow {
  kind: string;
  prompt: Text;
  chosen?: Text;
  completion?: Text;
  target?: string | null;
}

export function frozenContentHash(prompt: string, target: string | null): Uint8Array {
  return hashTexts([prompt, target]);
}

export function frozenPromptHash(prompt: string): Uint8Array {
  return hashTexts([prompt]);
}

export function frozenRowHash(row: FrozenRow): Uint8Array {
  return frozenContentHash(plain(row.prompt), wanted(row));
}

export function frozenRowPromptHash(row: FrozenRow): Uint8Array {
  return frozenPromptHash(plain(row.prompt));
}

function wanted({ kind, chosen, completion, target }: FrozenRow): string | null {
  if (kind === 'preference') return plain(chosen ?? '');
  if (kind === 'completion' || kind === 'unpaired') return plain(completion ?? '');
  return target ?? null;
}

/** Turns had nothing but a role and a content then. */
function plain(text: Text): string {
  return typeof text === 'string' ? text : text.map(({ content }) => content).join('\n');
}

function hashTexts(texts: readonly (string | null)[]): Uint8Array {
  const canonical = texts.map((text) =>
    text === null ? null : text.toWellFormed().replaceAll('\r\n', '\n').normalize('NFC'),
  );
  return hash('sha256', JSON.stringify(canonical), 'buffer').subarray(0, storedBytes);
}
