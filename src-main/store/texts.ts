import { contentHash, promptHash } from '../content-hash.ts';
import { WorkbenchError } from '../shared/domain/errors.ts';

/** The most characters of a stored text. Longer ones are refused by name: they would freeze every window that shows them. */
export const maxTextCharacters = 16 * 1024 * 1024;

/** Text as it can be stored: lone surrogates become U+FFFD, so that what is hashed is what is read back. */
export function storable(text: string, field: string): string {
  if (text.length > maxTextCharacters) {
    throw new WorkbenchError(
      'bad-input',
      `${field} has ${text.length} characters; at most ${maxTextCharacters} are kept`,
      {
        remedy: 'Shorten the text before importing it.',
        place: { field },
      },
    );
  }
  return text.isWellFormed() ? text : text.toWellFormed();
}

/** Empty content: samples of verdict-only imports. Never paired by content. */
export const emptyContent: Buffer = contentHash('', null);
export const emptyPrompt: Buffer = promptHash('');

/**
 * A key that sorts ids in natural order: “item-9” before “item-10”. Each run of digits is prefixed by its length, two digits
 * wide; different ids keep different keys.
 */
export function naturalOrder(id: string): string {
  return id.replace(/[0-9]+/g, (digits) => String(Math.min(digits.length, 99)).padStart(2, '0') + digits);
}

/** The end of a text, with a mark where it was cut. */
export function previewEnd(text: string, characters: number): string {
  return text.length <= characters ? text : `…${text.slice(1 - characters).toWellFormed()}`;
}

/** Cuts without splitting a surrogate pair. */
export function preview(text: string, characters: number): string {
  return text.length <= characters ? text : text.slice(0, characters).toWellFormed();
}
