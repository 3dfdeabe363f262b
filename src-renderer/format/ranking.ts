/**
 * How well a title matches what was typed: every word must occur; starts of words count more, earlier places more.
 * Null when it does not answer at all.
 */
export function rank(title: string, typed: string): number | null {
  const text = title.toLowerCase();
  let score = 0;
  for (const word of typed.toLowerCase().split(/\s+/).filter(Boolean)) {
    const at = text.indexOf(word);
    if (at < 0) return null;
    const startsWord = at === 0 || /[\s\-_/:.]/.test(text[at - 1] ?? '');
    score += (startsWord ? 100 : 10) - Math.min(at, 9);
  }
  return score - text.length / 200;
}

export function ranked<T>(items: T[], titleOf: (item: T) => string, typed: string, limit: number): T[] {
  if (typed.trim() === '') return items.slice(0, limit);
  return items
    .flatMap((item) => {
      const score = rank(titleOf(item), typed);
      return score === null ? [] : [{ item, score }];
    })
    .sort((a, b) => b.score - a.score)
    .slice(0, limit)
    .map(({ item }) => item);
}
