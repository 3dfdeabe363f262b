import { assertNever } from '../../shared/domain/errors.ts';

/** Tests one text. Used where no index reaches; it agrees with the index on case, accents and word borders. */
export function textMatcher(search: string, mode: 'substring' | 'word'): (text: string) => boolean {
  switch (mode) {
    case 'substring': {
      // Stored texts are well formed; a lone surrogate is part of none.
      const wanted = search.toWellFormed().toLowerCase();
      return (text) => text.toLowerCase().includes(wanted);
    }
    case 'word': {
      const phrases = search
        .split(/\s+/u)
        .map(wordsOf)
        .filter((words) => words.length > 0);
      if (phrases.length === 0) return () => false;
      return (text) => {
        const words = ` ${wordsOf(text).join(' ')} `;
        return phrases.every((phrase) => words.includes(` ${phrase.join(' ')} `));
      };
    }
    default:
      return assertNever(mode);
  }
}

/** Letters, digits and private-use characters make words; case and accents do not count. */
export function wordsOf(text: string): string[] {
  const plain = text
    .normalize('NFD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase();
  return plain.match(/[\p{L}\p{N}\p{Co}]+/gu) ?? [];
}
