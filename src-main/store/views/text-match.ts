import { assertNever } from '../../shared/domain/errors.ts';

/** Tests one text. Used on what no index covers; it agrees with the index on case, accents and word borders. */
export function textMatcher(search: string, mode: 'substring' | 'word'): (text: string) => boolean {
  switch (mode) {
    case 'substring': {
      // Stored texts are well formed; none contains a lone surrogate.
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
        const plain = plainOf(text);
        return phrases.every((phrase) => hasPhrase(plain, phrase));
      };
    }
    default:
      return assertNever(mode);
  }
}

/** Finds the words of a phrase in sequence, without splitting a text of millions of characters. */
function hasPhrase(plain: string, words: readonly string[]): boolean {
  const [first = ''] = words;
  const whole = new RegExp(`${words.join('[^\\p{L}\\p{N}\\p{Co}]+')}(?![\\p{L}\\p{N}\\p{Co}])`, 'uy');
  for (let at = plain.indexOf(first); at >= 0; at = plain.indexOf(first, at + 1)) {
    if (endsInWord.test(plain.slice(Math.max(0, at - 2), at))) continue;
    whole.lastIndex = at;
    if (whole.test(plain)) return true;
  }
  return false;
}

const endsInWord = /[\p{L}\p{N}\p{Co}]$/u;

function plainOf(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are part of ASCII
  if (/^[\x00-\x7f]*$/.test(text)) return text.toLowerCase();
  return text
    .normalize('NFD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase();
}

/** Letters, digits and private-use characters make up words; case and accents are ignored. */
export function wordsOf(text: string): string[] {
  return plainOf(text).match(/[\p{L}\p{N}\p{Co}]+/gu) ?? [];
}
