import type { Neighbour } from '../../shared/domain/flip-view.ts';
import { previewCharacters } from '../../shared/domain/flip-view.ts';
import type { ReadableDb } from '../database.ts';
import { one, prepare, sql, value } from '../database.ts';
import { preview, previewEnd } from '../texts.ts';
import type { LoadedComparison } from './comparison.ts';
import { kindOf } from './columns.ts';
import { wordsOf } from './text-match.ts';

/** The most prompts that are compared word by word. */
const mostCandidates = 2000;

/**
 * Samples of the comparison whose prompts share the most words with this one's (Jaccard similarity of the word sets). Candidates
 * share at least one word; those that share the rarest words come first when there are too many.
 */
export function neighbours(comparison: LoadedComparison, sampleKey: number, limit: number): Neighbour[] {
  const { db, columns } = comparison;
  const own = one<{ prompt: string }>(db, sql`SELECT prompt FROM sample_texts WHERE sample_key = ${sampleKey}`);
  if (own === undefined || columns.positionOf(sampleKey) < 0) return [];
  const words = new Set(wordsOf(own.prompt));
  const text = prepare(
    db,
    'SELECT s.external_id, t.prompt FROM sample_texts t JOIN samples s USING (sample_key) WHERE t.sample_key = ?',
    'array',
  );
  const shown = comparison.continues ? previewEnd : preview;
  const found: (Neighbour & { row: number })[] = [];
  for (const key of candidates(comparison, words)) {
    const row = columns.positionOf(key);
    if (key === sampleKey || row < 0) continue;
    const [sampleId, prompt] = text.get(key) as [string, string];
    const similarity = jaccard(words, new Set(wordsOf(prompt)));
    if (similarity === 0) continue;
    const kind = kindOf(comparison.kinds()[row]);
    found.push({ row, sampleKey: key, sampleId, prompt: shown(prompt, previewCharacters), kind, similarity });
  }
  return found
    .sort((a, b) => b.similarity - a.similarity || a.row - b.row)
    .slice(0, limit)
    .map(({ row: _row, ...neighbour }) => neighbour);
}

/** Sample keys from the word index, rarest word first; for a comparison not indexed yet, its first samples. */
function candidates({ db, columns }: LoadedComparison, words: ReadonlySet<string>): Iterable<number> {
  const keys = columns.get('leftKey');
  const [first, last] = [keys[0] ?? 0, keys.at(-1) ?? 0];
  const indexed = value<number>(db, sql`SELECT indexed_to FROM search_index WHERE source = 0`) ?? 0;
  if (indexed < last) return keys.subarray(0, mostCandidates);
  const keysWith = prepare(
    db,
    `SELECT rowid FROM text_words WHERE text_words MATCH ? AND rowid BETWEEN CAST(? AS INTEGER) AND CAST(? AS INTEGER) LIMIT ${mostCandidates}`,
    'value',
  );
  const candidates = new Set<number>();
  for (const word of rarestFirst(db, words)) {
    for (const key of keysWith.all(`"${word}"`, first, last) as number[]) candidates.add(key);
    if (candidates.size >= mostCandidates) break;
  }
  return candidates;
}

function rarestFirst(db: ReadableDb, words: ReadonlySet<string>): string[] {
  const documents = prepare(db, 'SELECT doc FROM text_vocabulary WHERE term = ?', 'value');
  return [...words]
    .map((word) => ({ word, count: (documents.get(word) as number | undefined) ?? 0 }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => a.count - b.count)
    .map(({ word }) => word);
}

function jaccard(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let shared = 0;
  for (const word of b) if (a.has(word)) shared++;
  const all = a.size + b.size - shared;
  return all === 0 ? 0 : shared / all;
}
