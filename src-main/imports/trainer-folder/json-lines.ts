import { readFile } from 'node:fs/promises';
import { parseJson } from '../records/parse-json.ts';

/** The records of a file that somebody may be writing: a last line without its end is left for the next time. */
export async function readJsonLinesSoFar(file: string): Promise<Record<string, unknown>[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole.split('\n').flatMap((line) => {
    if (line.trim() === '') return [];
    try {
      const value = parseJson(line);
      return typeof value === 'object' && value !== null && !Array.isArray(value)
        ? [value as Record<string, unknown>]
        : [];
    } catch {
      return [];
    }
  });
}
