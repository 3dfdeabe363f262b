import type { DatasetRow } from '../../shared/domain/datasets.ts';
import { rowTexts } from '../../shared/domain/data/row-texts.ts';
import { jaccard, wordHashes } from '../../shared/domain/data/words.ts';
import type { ReadableDb } from '../database.ts';
import { each, sql } from '../database.ts';
import { firstKey } from '../keys.ts';

/** With many texts, a word that more than this share of them have tells nothing about them. */
const commonShare = 0.2;
const manyPrompts = 50;

/** Ids of the rows whose prompt shares at least this part of its words (Jaccard) with one of the prompts, in the dataset's order. */
export function rowsNear(db: ReadableDb, key: number, prompts: readonly string[], threshold: number): string[] {
  const index = indexOf(prompts);
  const near: string[] = [];
  for (const { id, words } of rowsOf(db, key)) {
    for (const candidate of candidatesOf(words, index)) {
      if (jaccard(words, index.texts[candidate] ?? none) < threshold) continue;
      near.push(id);
      break;
    }
  }
  return near;
}

/** For each row, in the dataset's order: the place of the prompt that shares most of its words (−1: none does), and the shared part. */
export interface Nearest {
  similarity: Float64Array;
  prompt: Int32Array;
}

export function nearestPrompts(db: ReadableDb, key: number, rows: number, prompts: readonly string[]): Nearest {
  const index = indexOf(prompts);
  const found: Nearest = { similarity: new Float64Array(rows), prompt: new Int32Array(rows).fill(-1) };
  let row = 0;
  for (const { words } of rowsOf(db, key)) {
    for (const candidate of candidatesOf(words, index)) {
      const similarity = jaccard(words, index.texts[candidate] ?? none);
      if (similarity <= (found.similarity[row] ?? 0)) continue;
      found.similarity[row] = similarity;
      found.prompt[row] = index.places[candidate] ?? -1;
    }
    row++;
  }
  return found;
}

const none = new Int32Array(0);

interface PromptIndex {
  texts: Int32Array[];
  /** Position of each text in the list of prompts. */
  places: number[];
  byWord: Map<number, number[]>;
  most: number;
}

function indexOf(prompts: readonly string[]): PromptIndex {
  const index: PromptIndex = { texts: [], places: [], byWord: new Map(), most: Infinity };
  const seen = new Set<string>();
  prompts.forEach((prompt, place) => {
    if (seen.has(prompt)) return;
    seen.add(prompt);
    const words = wordHashes(prompt);
    if (words.length === 0) return;
    const text = index.texts.push(words) - 1;
    index.places.push(place);
    for (const word of words) {
      const known = index.byWord.get(word);
      if (known === undefined) index.byWord.set(word, [text]);
      else known.push(text);
    }
  });
  index.most = index.texts.length < manyPrompts ? Infinity : commonShare * index.texts.length;
  return index;
}

function* rowsOf(db: ReadableDb, key: number): Iterable<{ id: string; words: Int32Array }> {
  for (const { row_id: id, body } of each<{ row_id: string; body: string }>(
    db,
    sql`SELECT row_id, body FROM dataset_rows WHERE row_key >= ${firstKey(key)} AND row_key < ${firstKey(key + 1)} ORDER BY row_key`,
  ))
    yield { id, words: wordHashes(rowTexts(JSON.parse(body) as DatasetRow).prompt) };
}

function candidatesOf(words: Int32Array, { byWord, most }: PromptIndex): Set<number> {
  const candidates = new Set<number>();
  for (const word of words) {
    const known = byWord.get(word);
    if (known !== undefined && known.length <= most) for (const text of known) candidates.add(text);
  }
  return candidates;
}
