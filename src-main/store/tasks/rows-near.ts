import type { DatasetRow } from '../../shared/domain/datasets.ts';
import { rowTexts } from '../../shared/domain/data/row-texts.ts';
import { jaccard, wordHashes } from '../../shared/domain/data/words.ts';
import type { ReadableDb } from '../database.ts';
import { each, sql } from '../database.ts';
import { firstKey } from '../keys.ts';

/** A word that more texts have than this share tells nothing of them, where there are many. */
const commonShare = 0.2;
const manyPrompts = 50;

/** Ids of the rows whose prompt shares at least this part of its words (Jaccard) with one of the prompts, in the dataset's order. */
export function rowsNear(db: ReadableDb, key: number, prompts: readonly string[], threshold: number): string[] {
  const texts = [...new Set(prompts)].map(wordHashes).filter((words) => words.length > 0);
  const byWord = new Map<number, number[]>();
  texts.forEach((words, text) => {
    for (const word of words) {
      const known = byWord.get(word);
      if (known === undefined) byWord.set(word, [text]);
      else known.push(text);
    }
  });
  const most = texts.length < manyPrompts ? Infinity : commonShare * texts.length;
  const near: string[] = [];
  for (const { row_id: id, body } of each<{ row_id: string; body: string }>(
    db,
    sql`SELECT row_id, body FROM dataset_rows WHERE row_key >= ${firstKey(key)} AND row_key < ${firstKey(key + 1)} ORDER BY row_key`,
  )) {
    const words = wordHashes(rowTexts(JSON.parse(body) as DatasetRow).prompt);
    if (isNear(words, texts, byWord, most, threshold)) near.push(id);
  }
  return near;
}

function isNear(
  words: Int32Array,
  texts: readonly Int32Array[],
  byWord: ReadonlyMap<number, readonly number[]>,
  most: number,
  threshold: number,
): boolean {
  const candidates = new Set<number>();
  for (const word of words) {
    const known = byWord.get(word);
    if (known !== undefined && known.length <= most) for (const text of known) candidates.add(text);
  }
  for (const candidate of candidates) {
    const other = texts[candidate];
    if (other !== undefined && jaccard(words, other) >= threshold) return true;
  }
  return false;
}
