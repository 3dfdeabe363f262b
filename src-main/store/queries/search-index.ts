import type { ReadableDb, WritableDb } from '../database.ts';
import { all, inTransaction, one, prepare, run, sql, value } from '../database.ts';
import { firstKey } from '../keys.ts';

/** Texts indexed in one transaction: about 30 ms at 100 characters each. */
const textsAtOnce = 1000;
/** And at most this many characters, so that long texts do not hold the writer up. */
const charactersAtOnce = 1 << 20;

/** Prompts are a source of their own. */
export const promptSource = 0;

/** Only what is compared can be searched, so only that is indexed: its prompts, and the outputs of both sides. */
export function requestIndex(db: WritableDb, evaluationKeys: readonly number[]): void {
  for (const source of [promptSource, ...evaluationKeys]) {
    run(
      db,
      sql`INSERT INTO search_index (source, indexed_to, complete) VALUES (${source}, ${firstKey(source)}, 0)
          ON CONFLICT (source) DO UPDATE SET complete = 0`,
    );
  }
}

/** Texts of a source beyond this key are not in the index. */
export function indexedTo(db: ReadableDb, source: number): number {
  return value<number>(db, sql`SELECT indexed_to FROM search_index WHERE source = ${source}`) ?? firstKey(source);
}

/** Indexes the next texts. Returns false when everything that was asked for is indexed. */
export function indexOnce(db: WritableDb): boolean {
  // Checked twice: an idle writer takes no lock, and two programs do not index the same texts.
  if (nextSource(db) === undefined) return false;
  inTransaction(db, () => {
    const next = nextSource(db);
    if (next === undefined) return;
    const texts = nextTexts(db, next.source, next.indexed_to);
    const trigrams = prepare(db, 'INSERT INTO text_trigrams (rowid, body) VALUES (?, ?)');
    const words = prepare(db, 'INSERT INTO text_words (rowid, body) VALUES (?, ?)');
    for (const { key, body } of texts) {
      trigrams.run(key, body);
      words.run(key, body);
    }
    const last = texts.at(-1)?.key;
    if (last === undefined) run(db, sql`UPDATE search_index SET complete = 1 WHERE source = ${next.source}`);
    else run(db, sql`UPDATE search_index SET indexed_to = ${last} WHERE source = ${next.source}`);
  });
  return true;
}

function nextSource(db: ReadableDb): { source: number; indexed_to: number } | undefined {
  return one(db, sql`SELECT source, indexed_to FROM search_index WHERE complete = 0 ORDER BY source LIMIT 1`);
}

function nextTexts(db: ReadableDb, source: number, after: number): { key: number; body: string }[] {
  const query =
    source === promptSource
      ? sql`SELECT sample_key AS key, prompt AS body, octet_length(prompt) AS size FROM sample_texts
            WHERE sample_key > ${after} ORDER BY sample_key LIMIT ${textsAtOnce}`
      : sql`SELECT score_key AS key, body, octet_length(body) AS size FROM outputs
            WHERE score_key > ${after} AND score_key < ${firstKey(source + 1)} ORDER BY score_key LIMIT ${textsAtOnce}`;
  const texts: { key: number; body: string }[] = [];
  let characters = 0;
  for (const { key, body, size } of all<{ key: number; body: string; size: number }>(db, query)) {
    texts.push({ key, body });
    characters += size;
    if (characters > charactersAtOnce) break;
  }
  return texts;
}

/** Takes outputs with keys in `[from, to)` and the prompts of swept samples out of the index. */
export function unindexOutputs(db: WritableDb, from: number, to: number): void {
  run(
    db,
    sql`DELETE FROM text_trigrams WHERE rowid IN (SELECT score_key FROM outputs WHERE score_key >= ${from} AND score_key < ${to})`,
  );
  run(
    db,
    sql`DELETE FROM text_words WHERE rowid IN (SELECT score_key FROM outputs WHERE score_key >= ${from} AND score_key < ${to})`,
  );
}

export function unindexSweptPrompts(db: WritableDb): void {
  run(db, sql`DELETE FROM text_trigrams WHERE rowid IN (SELECT sample_key FROM swept)`);
  run(db, sql`DELETE FROM text_words WHERE rowid IN (SELECT sample_key FROM swept)`);
}

export function forgetSource(db: WritableDb, source: number): void {
  run(db, sql`DELETE FROM search_index WHERE source = ${source}`);
}
