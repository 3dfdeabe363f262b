/** Characters of a window: four trigrams. */
export const windowCharacters = 6;

/**
 * The part of a long search that is likely to be the rarest: of all its windows, the one whose rarest trigram occurs in
 * the fewest of some sampled texts. An index that has to line up thirty frequent trigrams takes seconds for a million texts; with four,
 * one of them rare, it takes milliseconds, and the few texts it finds are read.
 */
export function rarestWindow(search: string, sampledTexts: readonly string[]): string {
  const characters = [...search];
  const texts = sampledTexts.map((text) => text.toLowerCase());
  const frequencies = characters.map((_, at) => {
    const trigram = characters
      .slice(at, at + 3)
      .join('')
      .toLowerCase();
    return texts.reduce((count, text) => count + (text.includes(trigram) ? 1 : 0), 0);
  });
  let best = { at: 0, least: Infinity, sum: Infinity };
  for (let at = 0; at + windowCharacters <= characters.length; at++) {
    const own = frequencies.slice(at, at + windowCharacters - 2);
    const least = Math.min(...own);
    const sum = own.reduce((total, count) => total + count, 0);
    if (least < best.least || (least === best.least && sum < best.sum)) best = { at, least, sum };
  }
  return characters.slice(best.at, best.at + windowCharacters).join('');
}
