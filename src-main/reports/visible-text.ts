/**
 * Characters that change how text around them reads without showing: bidirectional controls and marks, zero-width and
 * invisible operators, byte-order marks, tag characters, and control characters other than newline and tab. A model's
 * output can carry any of them.
 */
const unseen =
  // eslint-disable-next-line no-control-regex -- control characters are what it looks for
  /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u00AD\u061C\u180E\u200B\u200E\u200F\u202A-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB\u{E0000}-\u{E007F}]/gu;

/** The text with unseen characters named, as in ⟦U+202E⟧, and broken surrogates replaced. Newlines and tabs stay. */
export function visible(text: string): string {
  return text
    .replace(/\p{Surrogate}/gu, '\uFFFD')
    .replaceAll('\r\n', '\n')
    .replace(unseen, (character) => `⟦U+${codeOf(character)}⟧`);
}

/** JSON whose unseen and markup-relevant characters are \u escapes: the same data, safe inside HTML, and visible. */
export function visibleJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent)
    .replace(unseen, escapeUnits)
    .replace(/[<>&\u2028\u2029]/g, escapeUnits);
}

function escapeUnits(characters: string): string {
  return Array.from({ length: characters.length }, (_, i) => characters.charCodeAt(i))
    .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
    .join('');
}

function codeOf(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
}
