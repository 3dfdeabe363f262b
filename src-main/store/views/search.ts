import type { FlipFilter } from '../../shared/domain/flip-view.ts';
import type { ReadableDb } from '../database.ts';
import { each, prepare, sql, value } from '../database.ts';
import { firstKey } from '../keys.ts';
import { indexedTo, promptSource } from '../queries/search-index.ts';
import type { LoadedComparison } from './comparison.ts';
import { rarestWindow, windowCharacters } from './rare-window.ts';
import { textMatcher, wordsOf } from './text-match.ts';

type Mode = NonNullable<FlipFilter['searchMode']>;

/** Keys of one source of texts, `[from, to)`, and the row that a key belongs to (−1 = none). */
interface Source {
  source: number;
  from: number;
  to: number;
  rowOf: (key: number) => number;
}

/** Per row, 1 if the prompt, the left or the right output has the text. */
export function searchRows(comparison: LoadedComparison, search: string, mode: Mode): Uint8Array {
  const { db } = comparison;
  const found = new Uint8Array(comparison.rows);
  const matches = textMatcher(search, mode);
  const find = indexSearch(comparison, search, mode, matches);
  for (const source of sourcesOf(comparison)) {
    const mark = (key: number): void => {
      const row = source.rowOf(key);
      if (row >= 0) found[row] = 1;
    };
    // Texts that are not indexed yet, or searches no index can answer, are read through.
    let read = source.from - 1;
    if (find !== null) {
      for (const key of find(source)) mark(key);
      read = Math.max(read, indexedTo(db, source.source));
    }
    for (const { key, body } of textsAfter(db, source.source, read, source.to)) if (matches(body)) mark(key);
  }
  return found;
}

/** More candidates than this are not read one by one. */
const mostCandidates = 50_000;
/** Prompts sampled to tell which part of a search is rare. */
const sampledTexts = 300;
const sampledCharacters = 5000;

/** How the index finds a search in a source of texts; null if it cannot. */
function indexSearch(
  comparison: LoadedComparison,
  search: string,
  mode: Mode,
  matches: (text: string) => boolean,
): ((source: Source) => Iterable<number>) | null {
  const { db } = comparison;
  const expression = matchExpression(search, mode);
  if (expression === null) return null;
  const whole = ({ from, to }: Source): number[] => indexedMatches(db, mode, expression, from, to, -1);
  if (mode === 'word' || [...search].length <= windowCharacters + 2) return whole;
  const part = quoted(rarestWindow(search, somePrompts(comparison)));
  return (source) => {
    const candidates = indexedMatches(db, mode, part, source.from, source.to, mostCandidates + 1);
    if (candidates.length > mostCandidates) return whole(source);
    return candidates.filter((key) => matches(textOf(db, source.source, key)));
  };
}

function somePrompts({ db, columns }: LoadedComparison): string[] {
  const keys = columns.get('leftKey');
  const count = Math.min(sampledTexts, keys.length);
  const stride = keys.length / count;
  return Array.from({ length: count }, (_, i) =>
    textOf(db, promptSource, keys[Math.floor(i * stride)] ?? 0).slice(0, sampledCharacters),
  );
}

function textOf(db: ReadableDb, source: number, key: number): string {
  const body =
    source === promptSource
      ? value<string>(db, sql`SELECT prompt FROM sample_texts WHERE sample_key = ${key}`)
      : value<string>(db, sql`SELECT body FROM outputs WHERE score_key = ${key}`);
  return body ?? '';
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
 * The search as an FTS5 expression in which everything a person typed is quoted, so that none of it can act as an operator of
 * the query language. Null if an index cannot answer: fewer than three characters have no trigram, and NUL ends an expression.
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

/** Keys in `[from, to)` that match; at most `limit`, −1 = all. */
function indexedMatches(
  db: ReadableDb,
  mode: Mode,
  expression: string,
  from: number,
  to: number,
  limit: number,
): number[] {
  const table = mode === 'substring' ? 'text_trigrams' : 'text_words';
  const text = `SELECT rowid FROM ${table} WHERE ${table} MATCH ?
    AND rowid >= CAST(? AS INTEGER) AND rowid < CAST(? AS INTEGER) LIMIT ?`;
  return prepare(db, text, 'value').all(expression, from, to, limit) as number[];
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
