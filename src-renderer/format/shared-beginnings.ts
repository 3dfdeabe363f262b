/** Of each text how many characters at its beginning it shares with another one of them; 0 where it shares none. */
export function sharedBeginnings(texts: readonly string[]): ReadonlyMap<string, number> {
  const sorted = [...new Set(texts)].sort();
  return new Map(
    sorted.map((text, index) => [
      text,
      Math.max(commonBeginning(text, sorted[index - 1] ?? ''), commonBeginning(text, sorted[index + 1] ?? '')),
    ]),
  );
}

/** How much of its beginning a row of a long list shares with the row before or after it, of what is loaded. */
export function sharedWithNeighbours(textAt: (index: number) => string | undefined, index: number): number {
  const own = textAt(index) ?? '';
  return Math.max(...[index - 1, index + 1].map((near) => commonBeginning(own, textAt(near) ?? '')));
}

/** Not through the middle of a number or of a character of two halves: “step 12” and “step 15” share “step ”. */
export function commonBeginning(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  let at = 0;
  while (at < shorter && a[at] === b[at]) at += 1;
  if (at === a.length) return 0;
  while (at > 0 && /[\d\udc00-\udfff]/.test(a[at] ?? '') && /[\d\ud800-\udbff]/.test(a[at - 1] ?? '')) at -= 1;
  return at;
}
