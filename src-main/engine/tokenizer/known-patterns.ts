const contractions = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)`;
const words = String.raw`[^\r\n\p{L}\p{N}]?\p{L}+`;
const rest = String.raw` ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

/** How the model families split texts into words. Each pattern scans a text once, whatever is in it. */
const known = new Set([
  // GPT-2, Granite
  String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
  String.raw`'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
  // Llama 3, OLMo 2, SmolLM3
  `${contractions}|${words}|${String.raw`\p{N}{1,3}`}|${rest}`,
  // Qwen 2 to 3
  `${contractions}|${words}|${String.raw`\p{N}`}|${rest}`,
]);

/** Whether a `tokenizer.json` has patterns other than those of a family: there is no telling how long they take. */
export function hasOwnPatterns(tokenizer: Record<string, unknown>): boolean {
  const parts = ['normalizer', 'pre_tokenizer', 'post_processor', 'decoder'].map((part) => tokenizer[part]);
  return parts.some(holdsUnknown);
}

function holdsUnknown(part: unknown): boolean {
  // As deep as the file; JSON of a thousand levels is refused where it is read.
  const left: unknown[] = [part];
  while (left.length > 0) {
    const value = left.pop();
    if (typeof value !== 'object' || value === null) continue;
    for (const [key, entry] of Object.entries(value)) {
      if (key === 'Regex' && !(typeof entry === 'string' && known.has(entry))) return true;
      left.push(entry);
    }
  }
  return false;
}
