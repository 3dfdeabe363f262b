/** Ratings by word, lower case. */
export type Lexicon = ReadonlyMap<string, number>;

/** Sum of the ratings of a text's words; words that are not in the lexicon count 0. */
export function lexiconScore(text: string, lexicon: Lexicon): number {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu) ?? [];
  return words.reduce((sum, word) => sum + (lexicon.get(word.replaceAll('’', "'")) ?? 0), 0);
}
