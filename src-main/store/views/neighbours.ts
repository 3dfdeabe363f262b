import type { Neighbour } from '../../shared/domain/flip-view.ts';
import { each, one, sql } from '../database.ts';
import type { LoadedComparison } from './comparison.ts';
import { kindOf } from './columns.ts';
import { preview } from '../texts.ts';
import { previewCharacters } from '../../shared/domain/flip-view.ts';
import { wordsOf } from './text-match.ts';

/** Samples of the comparison whose prompts share most words with this one's (Jaccard similarity of the word sets). */
export function neighbours(comparison: LoadedComparison, sampleKey: number, limit: number): Neighbour[] {
  const { db, columns } = comparison;
  const own = one<{ prompt: string }>(db, sql`SELECT prompt FROM sample_texts WHERE sample_key = ${sampleKey}`);
  if (own === undefined || columns.positionOf(sampleKey) < 0) return [];
  const words = new Set(wordsOf(own.prompt));
  const keys = columns.get('leftKey');
  const best: (Neighbour & { row: number })[] = [];
  for (const { key, external_id, prompt } of each<{ key: number; external_id: string; prompt: string }>(
    db,
    sql`SELECT t.sample_key AS key, s.external_id, t.prompt FROM sample_texts t JOIN samples s USING (sample_key)
        WHERE t.sample_key BETWEEN ${keys[0] ?? 0} AND ${keys.at(-1) ?? 0}`,
  )) {
    const row = columns.positionOf(key);
    if (key === sampleKey || row < 0) continue;
    const similarity = jaccard(words, new Set(wordsOf(prompt)));
    if (similarity === 0 || (best.length === limit && similarity <= (best.at(-1)?.similarity ?? 0))) continue;
    best.push({
      row,
      sampleKey: key,
      sampleId: external_id,
      prompt: preview(prompt, previewCharacters),
      kind: kindOf(columns.get('kind')[row]),
      similarity,
    });
    best.sort((a, b) => b.similarity - a.similarity || a.row - b.row);
    best.length = Math.min(best.length, limit);
  }
  return best.map(({ row: _row, ...neighbour }) => neighbour);
}

function jaccard(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let shared = 0;
  for (const word of b) if (a.has(word)) shared++;
  const all = a.size + b.size - shared;
  return all === 0 ? 0 : shared / all;
}
