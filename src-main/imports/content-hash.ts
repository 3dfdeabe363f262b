import { hash } from 'node:crypto';

/**
 * SHA-256 (hex) of several texts taken together. Each is normalised to NFC with `\n` line ends; they are joined as a JSON
 * array, so that no two different lists give the same bytes. A missing text differs from an empty one.
 */
export function hashTexts(texts: readonly (string | undefined)[]): string {
  const canonical = texts.map((text) => (text === undefined ? null : text.replaceAll('\r\n', '\n').normalize('NFC')));
  return hash('sha256', JSON.stringify(canonical), 'hex');
}

/**
 * Canonical content hash of a sample: of its prompt, and of its target where it has one. Two evaluations that do not
 * share ids are paired by it: same question and same gold answer, whatever tool wrote them, in whatever order, whatever
 * the model answered. Blanks and letter case count: a prompt rendered differently is a different question to a model.
 */
export function contentHash(prompt: string, target?: string): string {
  return hashTexts([prompt, target]);
}

/** A sample id made of content: 80 bits of the hash, short enough to read, long enough not to collide among 10⁹ samples. */
export function contentId(texts: readonly (string | undefined)[]): string {
  return hashTexts(texts).slice(0, 20);
}
