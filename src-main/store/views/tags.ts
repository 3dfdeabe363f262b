import type { ReadableDb } from '../database.ts';
import { all, each, sql } from '../database.ts';
import { firstKey, memberOf } from '../keys.ts';
import type { LoadedComparison } from './comparison.ts';

/** Tags of a comparison's samples and of both results, each once: row → tag keys. Most samples have none, so a map. */
export type RowTags = ReadonlyMap<number, readonly number[]>;

/** Tags of the samples alone: what was known of them before they were answered. */
export function readSampleTags({ db, columns }: LoadedComparison): RowTags {
  const tags = new Map<number, number[]>();
  const keys = columns.get('leftKey');
  for (const { sample_key, name_key } of each<{ sample_key: number; name_key: number }>(
    db,
    sql`SELECT sample_key, name_key FROM sample_tags WHERE sample_key BETWEEN ${keys[0] ?? 0} AND ${keys.at(-1) ?? 0}`,
  )) {
    addTag(tags, columns.positionOf(sample_key), name_key);
  }
  return tags;
}

/** Only what is tagged is read, by ranges of keys: of a million results those few that ended in an error. */
export function readTags(comparison: LoadedComparison): RowTags {
  const { db, leftKey, rightKey } = comparison;
  const tags = new Map([...comparison.sampleTags()].map(([row, keys]) => [row, [...keys]]));
  for (const [evaluation, side] of [
    [leftKey, 'left'],
    [rightKey, 'right'],
  ] as const) {
    for (const { score_key, name_key } of each<{ score_key: number; name_key: number }>(
      db,
      sql`SELECT score_key, name_key FROM result_tags
          WHERE score_key >= ${firstKey(evaluation)} AND score_key < ${firstKey(evaluation + 1)}`,
    )) {
      addTag(tags, comparison.rowsByKey()[side](memberOf(score_key)), name_key);
    }
  }
  return tags;
}

function addTag(tags: Map<number, number[]>, row: number, tag: number): void {
  if (row < 0) return;
  const before = tags.get(row);
  if (before === undefined) tags.set(row, [tag]);
  else if (!before.includes(tag)) before.push(tag);
}

/** Names of a sample's own tags, in order. */
export function sampleTags(db: ReadableDb, sampleKey: number): string[] {
  return all<{ name: string }>(
    db,
    sql`SELECT n.name FROM sample_tags t JOIN names n USING (name_key) WHERE t.sample_key = ${sampleKey} ORDER BY n.name`,
  ).map(({ name }) => name);
}

/** Names of the tags of results with keys from `from` to `to`, in order: key → names; results without tags are left out. */
export function resultTags(db: ReadableDb, from: number, to: number): ReadonlyMap<number, readonly string[]> {
  const tags = new Map<number, string[]>();
  for (const { score_key, name } of each<{ score_key: number; name: string }>(
    db,
    sql`SELECT t.score_key, n.name FROM result_tags t JOIN names n USING (name_key)
        WHERE t.score_key BETWEEN ${from} AND ${to} ORDER BY n.name`,
  )) {
    const before = tags.get(score_key);
    if (before === undefined) tags.set(score_key, [name]);
    else before.push(name);
  }
  return tags;
}

/** Keys of tags by name; unused names are left out. */
export function tagKeys(db: ReadableDb, names: readonly string[]): Set<number> {
  const keys = names.flatMap((name) =>
    all<{ name_key: number }>(db, sql`SELECT name_key FROM names WHERE name = ${name}`),
  );
  return new Set(keys.map((row) => row.name_key));
}
