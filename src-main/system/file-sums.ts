import { createHash, hash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** SHA-256 of a file's bytes, in hex. */
export async function hashFile(file: string): Promise<string> {
  const digest = createHash('sha256');
  for await (const chunk of createReadStream(file)) digest.update(chunk as Buffer);
  return digest.digest('hex');
}

/** One SHA-256 for several files, by name and SHA-256 of each; the order in which they are given does not matter. */
export function hashOfFiles(sums: Readonly<Record<string, string>>): string {
  const files = Object.entries(sums).sort(([a], [b]) => (a < b ? -1 : 1));
  return hash('sha256', files.map(([file, sha]) => `${file}:${sha}\n`).join(''));
}
