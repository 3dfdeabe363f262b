import type { FlipFilter } from '../../shared/domain/flip-view.ts';
import { each, sql } from '../database.ts';
import { firstKey } from '../keys.ts';
import type { LoadedComparison } from './comparison.ts';
import { textMatcher } from './text-match.ts';

/** Per row 1 where the prompt, the left or the right output has the text. */
export function searchRows(
  comparison: LoadedComparison,
  search: string,
  mode: NonNullable<FlipFilter['searchMode']>,
): Uint8Array {
  const found = new Uint8Array(comparison.rows);
  const matches = textMatcher(search, mode);
  const { db, columns } = comparison;
  const left = rowsByKey(columns.get('leftKey'));
  const right = rowsByKey(columns.get('rightKey'));
  const keys = columns.get('leftKey');
  const hit = (row: number): void => {
    if (row >= 0) found[row] = 1;
  };
  for (const { key, body } of each<{ key: number; body: string }>(
    db,
    sql`SELECT sample_key AS key, prompt AS body FROM sample_texts WHERE sample_key BETWEEN ${keys[0] ?? 0} AND ${keys.at(-1) ?? 0}`,
  )) {
    if (matches(body)) hit(left(key));
  }
  for (const { evaluation, rowOf } of [
    { evaluation: comparison.leftKey, rowOf: left },
    { evaluation: comparison.rightKey, rowOf: right },
  ]) {
    const first = firstKey(evaluation);
    for (const { key, body } of each<{ key: number; body: string }>(
      db,
      sql`SELECT score_key AS key, body FROM outputs WHERE score_key >= ${first} AND score_key < ${firstKey(evaluation + 1)}`,
    )) {
      if (matches(body)) hit(rowOf(key - first));
    }
  }
  return found;
}

/** Row of a sample key, or −1. */
export function rowsByKey(keys: Int32Array): (key: number) => number {
  let least = Infinity;
  let greatest = -Infinity;
  for (const key of keys) {
    if (key < least) least = key;
    if (key > greatest) greatest = key;
  }
  if (greatest - least > 8 * keys.length + 1024) {
    const rows = new Map<number, number>();
    keys.forEach((key, row) => rows.set(key, row));
    return (key) => rows.get(key) ?? -1;
  }
  const rows = new Int32Array(keys.length === 0 ? 0 : greatest - least + 1).fill(-1);
  keys.forEach((key, row) => (rows[key - least] = row));
  return (key) => rows[key - least] ?? -1;
}
