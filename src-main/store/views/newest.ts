/** Keeps the entries that were added or asked for last. */
export function keepNewest<K, V>(entries: Map<K, V>, key: K, entry: V, kept: number): void {
  entries.delete(key);
  entries.set(key, entry);
  for (const oldest of entries.keys()) {
    if (entries.size <= kept) break;
    entries.delete(oldest);
  }
}
