import { hash } from 'node:crypto';

/**
 * What makes texts the same content, here and nowhere else: well-formed Unicode (a lone surrogate is U+FFFD) in NFC, `\n` for
 * `\r\n`, as a JSON list, so that no two different lists give the same bytes; null = a text that is missing, which is not
 * an empty one. Blanks and letter case count: a prompt rendered differently is a different question to a model.
 * @returns SHA-256, 32 bytes.
 */
function hashTexts(texts: readonly (string | null)[]): Buffer {
  return hash('sha256', JSON.stringify(texts.map((text) => (text === null ? null : canonical(text)))), 'buffer');
}

function canonical(text: string): string {
  return text.toWellFormed().replaceAll('\r\n', '\n').normalize('NFC');
}

const storedBytes = 16;

/**
 * Identity of a sample's content, 128 bits: of its prompt and of what was wanted. Evaluations that share no ids are paired by
 * it: same question and same gold answer, whatever tool wrote them, in whatever order, whatever the model answered.
 */
export function contentHash(prompt: string, target: string | null): Buffer {
  return hashTexts([prompt, target]).subarray(0, storedBytes);
}

/** Identity of a prompt alone, 128 bits. */
export function promptHash(prompt: string): Buffer {
  return hashTexts([prompt]).subarray(0, storedBytes);
}

/** A sample id made of content: 80 bits in hex, short enough to read, long enough not to collide among 10⁹ samples. */
export function contentId(texts: readonly (string | undefined)[]): string {
  return hashTexts(texts.map((text) => text ?? null)).toString('hex', 0, 10);
}
