import type { FlipFilter } from '../../shared/domain/flip-view.ts';
import type { ReadableDb } from '../database.ts';
import { prepare, sql, each } from '../database.ts';
import { firstKey } from '../keys.ts';
import { indexedTo, promptSource } from '../queries/search-index.ts';
import type { LoadedComparison } from './comparison.ts';
import { textMatcher, wordsOf } from './text-match.ts';

type Mode = NonNullable<FlipFilter['searchMode']>;

/** Keys of one source of texts, `[from, to)`, and the row that a key belongs to (−1 = none). */
interface Source {
  source: number;
  from: number;
  to: number;
  rowOf: (key: number) => number;
}

/** Per row 1 where the prompt, the left or the right output has the text. */
export function searchRows(comparison: LoadedComparison, search: string, mode: Mode): Uint8Array {
  const { db } = comparison;
  const found = new Uint8Array(comparison.rows);
  const expression = matchExpression(search, mode);
  const matches = textMatcher(search, mode);
  for (const { source, from, to, rowOf } of sourcesOf(comparison)) {
    const mark = (key: number): void => {
      const row = rowOf(key);
      if (row >= 0) found[row] = 1;
    };
    const indexed = expression === null ? from - 1 : indexedTo(db, source);
    if (expression !== null) for (const key of indexedMatches(db, mode, expression, from, to)) mark(key);
    // What is not indexed yet, or cannot be found by an index, is read.
    for (const { key, body } of textsAfter(db, source, Math.max(from - 1, indexed), to)) if (matches(body)) mark(key);
  }
  return found;
}

function sourcesOf(comparison: LoadedComparison): Source[] {
  const { leftKey, rightKey } = comparison;
  const keys = comparison.columns.get('leftKey');
  const { left, right } = comparison.rowsByKey();
  const outputs = (evaluation: number, rowOf: (sampleKey: number) => number): Source => ({
    source: evaluation,
    from: firstKey(evaluation),
    to: firstKey(evaluation + 1),
    rowOf: (key) => rowOf(key - firstKey(evaluation)),
  });
  return [
    { source: promptSource, from: keys[0] ?? 0, to: (keys.at(-1) ?? -1) + 1, rowOf: left },
    outputs(leftKey, left),
    outputs(rightKey, right),
  ];
}

/**
 * The search as an FTS5 expression in which everything a person typed stands between quotes, so that no operator of the
 * query language can come from it. Null where an index cannot answer: less than three characters have no trigram, and NUL
 * ends an expression.
 */
export function matchExpression(search: string, mode: Mode): string | null {
  if (search.includes('\u0000')) return null;
  if (mode === 'substring') return [...search].length < 3 ? null : quoted(search);
  const phrases = search.split(/\s+/u).filter((piece) => wordsOf(piece).length > 0);
  return phrases.length === 0 ? null : phrases.map(quoted).join(' AND ');
}

function quoted(text: string): string {
  return `"${text.toWellFormed().replaceAll('"', '""')}"`;
}

function indexedMatches(db: ReadableDb, mode: Mode, expression: string, from: number, to: number): Iterable<number> {
  const text =
    mode === 'substring'
      ? 'SELECT rowid FROM text_trigrams WHERE text_trigrams MATCH ? AND rowid >= CAST(? AS INTEGER) AND rowid < CAST(? AS INTEGER)'
      : 'SELECT rowid FROM text_words WHERE text_words MATCH ? AND rowid >= CAST(? AS INTEGER) AND rowid < CAST(? AS INTEGER)';
  return prepare(db, text).pluck().all(expression, from, to) as number[];
}

function textsAfter(
  db: ReadableDb,
  source: number,
  after: number,
  to: number,
): Iterable<{ key: number; body: string }> {
  return each(
    db,
    source === promptSource
      ? sql`SELECT sample_key AS key, prompt AS body FROM sample_texts WHERE sample_key > ${after} AND sample_key < ${to}`
      : sql`SELECT score_key AS key, body FROM outputs WHERE score_key > ${after} AND score_key < ${to}`,
  );
}
