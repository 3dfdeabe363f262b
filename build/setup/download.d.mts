export function download(url: string, file: string, options: { sha256: string; label?: string }): Promise<string>;
export function answers(url: string): Promise<{ ok: true } | { ok: false; reason: string }>;
