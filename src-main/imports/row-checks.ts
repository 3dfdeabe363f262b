import type { ImportLimits } from './limits.ts';
import { Misfit } from './problems.ts';

export type TextNote = 'nul' | 'surrogate';

/**
 * Walks a finished row and makes its texts fit to be stored: a NUL, which would end the text in SQLite's functions, becomes
 * the visible ␀ (models do write byte 0, and losing the row would bias a comparison); half a surrogate pair, which UTF-8
 * cannot carry, becomes U+FFFD. `onChange` hears of either. Changes the row in place.
 * @throws Misfit `too-large` naming the field.
 */
export function tidyTexts(row: object, limits: ImportLimits, onChange: (note: TextNote) => void): void {
  tidyChildren(row, '', limits, onChange);
}

function tidyChildren(node: object, path: string, limits: ImportLimits, onChange: (note: TextNote) => void): void {
  const holder = node as Record<string, unknown>;
  for (const key of Object.keys(holder)) {
    const value = holder[key];
    if (typeof value === 'string') {
      const tidied = tidyText(value, () => place(path, key), limits, onChange);
      if (tidied !== value) holder[key] = tidied;
    } else if (typeof value === 'object' && value !== null) {
      tidyChildren(value, place(path, key), limits, onChange);
    }
  }
}

function place(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

function tidyText(text: string, field: () => string, limits: ImportLimits, onChange: (note: TextNote) => void): string {
  if (text.length > limits.maxFieldChars) {
    throw new Misfit(
      'too-large',
      `“${field()}” has ${text.length} characters, ${limits.maxFieldChars} are allowed.`,
      field(),
    );
  }
  let tidied = text;
  if (tidied.includes('\0')) {
    tidied = tidied.replaceAll('\0', '␀');
    onChange('nul');
  }
  if (!tidied.isWellFormed()) {
    tidied = tidied.toWellFormed();
    onChange('surrogate');
  }
  return tidied;
}
