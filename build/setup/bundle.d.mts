/** Builds `out/` when what it is built from has changed. */
export function ensureBundle(part: 'renderer' | 'all'): Promise<{ ok: true } | { ok: false; reason: string }>;
