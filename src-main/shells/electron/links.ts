/** Ids of the store: letters, digits, dashes, underscores. Nothing else goes from a link into an address. */
const id = '([\\w-]{1,64})';
const patterns: readonly { link: RegExp; place(parts: readonly string[]): string }[] = [
  { link: new RegExp(`^flipguard://run/${id}$`), place: ([run]) => `#/runs/${run}` },
  { link: new RegExp(`^flipguard://comparison/${id}$`), place: ([comparison]) => `#/compare/${comparison}` },
  {
    link: new RegExp(`^flipguard://comparison/${id}/sample/(\\d{1,15})$`),
    place: ([comparison, sample]) => `#/compare/${comparison}?sample=${sample}`,
  },
];

/** The place in the interface that a flipguard:// link names, or null. Links come from anywhere: what is not of the form is no link. */
export function placeOfLink(link: string): string | null {
  for (const { link: pattern, place } of patterns) {
    const match = pattern.exec(link.replace(/\/$/, ''));
    if (match !== null) return place(match.slice(1));
  }
  return null;
}
