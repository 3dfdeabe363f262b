import type { WritableDb } from '../database.ts';
import { all, run, sql } from '../database.ts';
import { markRemoved } from './removal.ts';

/**
 * A resumed run repeats evaluations that came after its checkpoint. The newer one replaces the earlier one in every
 * comparison, which is then built again; annotations stay, as they are about samples. Returns the ids of those comparisons.
 */
export function replaceEvaluation(db: WritableDb, earlier: number, newer: number): string[] {
  const affected = all<{ comparison_key: number; id: string }>(
    db,
    sql`SELECT comparison_key, id FROM comparisons WHERE left_key = ${earlier} OR right_key = ${earlier}
          OR left_repeat_key = ${earlier} OR right_repeat_key = ${earlier}`,
  );
  for (const { comparison_key } of affected) {
    run(
      db,
      sql`UPDATE comparisons SET left_key = iif(left_key = ${earlier}, ${newer}, left_key),
            right_key = iif(right_key = ${earlier}, ${newer}, right_key),
            left_repeat_key = iif(left_repeat_key = ${earlier}, ${newer}, left_repeat_key),
            right_repeat_key = iif(right_repeat_key = ${earlier}, ${newer}, right_repeat_key),
            state = 'building', progress = 0, build_key = NULL WHERE comparison_key = ${comparison_key}`,
    );
    run(db, sql`DELETE FROM comparison_builds WHERE comparison_key = ${comparison_key}`);
  }
  run(db, sql`UPDATE evaluations SET run_key = NULL WHERE evaluation_key = ${earlier}`);
  markRemoved(db, 'evaluations', earlier);
  return affected.map(({ id }) => id);
}
