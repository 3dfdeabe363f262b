import type { ReadableDb } from '../database.ts';
import { emptyPrompt } from '../texts.ts';
import { each, prepare, sql, value } from '../database.ts';

/** How often the guard fired on samples in the training of an evaluation's run; −1 = not known. */
export function firingReader(db: ReadableDb, evaluationKey: number): (sampleKeys: Int32Array) => Int32Array {
  const runKey =
    value<number | null>(db, sql`SELECT run_key FROM evaluations WHERE evaluation_key = ${evaluationKey}`) ?? null;
  const fired = runKey === null ? null : readFirings(db, runKey);
  if (fired === null || fired.byPrompt.size === 0) return (keys) => new Int32Array(keys.length).fill(-1);
  const hashes = prepare(db, 'SELECT hex(content_hash), hex(prompt_hash) FROM samples WHERE sample_key = ?', 'array');
  return (keys) =>
    keys.map((key) => {
      const [content, prompt] = (hashes.get(key) as [string, string] | undefined) ?? ['', ''];
      return fired.byContent.get(content) ?? fired.byPrompt.get(prompt) ?? -1;
    });
}

/** Sums over the run's training samples with the same content, and with the same prompt. */
function readFirings(
  db: ReadableDb,
  runKey: number,
): { byContent: Map<string, number>; byPrompt: Map<string, number> } {
  const firings = { byContent: new Map<string, number>(), byPrompt: new Map<string, number>() };
  for (const { content, prompt, fired } of each<{ content: string; prompt: string; fired: number }>(
    db,
    sql`SELECT hex(content_hash) AS content, hex(prompt_hash) AS prompt, fired FROM trained_samples
        WHERE run_key = ${runKey} AND fired IS NOT NULL AND content_hash IS NOT NULL AND prompt_hash <> ${emptyPrompt}`,
  )) {
    firings.byContent.set(content, (firings.byContent.get(content) ?? 0) + fired);
    firings.byPrompt.set(prompt, (firings.byPrompt.get(prompt) ?? 0) + fired);
  }
  return firings;
}
