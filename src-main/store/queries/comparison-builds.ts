import { randomInt } from 'node:crypto';
import type { ComparisonCounts, ComparisonRecord } from '../../shared/domain/flip-view.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { ErrorReport } from '../../shared/domain/errors.ts';
import type { Rule } from '../../shared/domain/flip-rules.ts';
import type { PairBy } from '../../shared/domain/pairing.ts';
import type { ReadableDb } from '../database.ts';
import { all, one, run, sql, value } from '../database.ts';
import type { ColumnName } from '../views/columns.ts';
import { noteCorrections } from './annotations.ts';
import { existingComparison, ruleAndPairing } from './comparisons.ts';
import type { Writer } from './marks.ts';
import { change, isAlive } from './marks.ts';
import { requestIndex } from './search-index.ts';

/** How a comparison is built: claimed by a program, filled range by range, shown when it is complete. */

/** What a builder needs to know. */
export interface BuildOrder {
  buildKey: number;
  leftKey: number;
  rightKey: number;
  leftRepeatKey: number | null;
  rightRepeatKey: number | null;
  rule: Rule;
  pairBy: PairBy;
}

export interface OrderRow {
  comparison_key: number;
  left_key: number;
  right_key: number;
  left_repeat_key: number | null;
  right_repeat_key: number | null;
  rule: string;
}

/** A new build of a comparison. What it writes is not visible until `finishBuild`. */
export function beginBuild(writer: Writer, comparisonId: string): BuildOrder {
  const { db } = writer;
  return change(writer, [], () => {
    const row = one<OrderRow>(db, sql`SELECT * FROM comparisons WHERE id = ${comparisonId}`);
    if (row === undefined) throw new WorkbenchError('not-found', 'This comparison is not in the workspace');
    dropDeadBuilds(writer, row.comparison_key);
    const buildKey = unusedKey();
    run(
      db,
      sql`INSERT INTO comparison_builds (build_key, comparison_key, owner, started_at)
          VALUES (${buildKey}, ${row.comparison_key}, ${writer.owner}, ${Date.now()})`,
    );
    return {
      buildKey,
      leftKey: row.left_key,
      rightKey: row.right_key,
      leftRepeatKey: row.left_repeat_key,
      rightRepeatKey: row.right_repeat_key,
      ...ruleAndPairing(row.rule),
    };
  });
}

/**
 * Never given before, to nobody: another program may still be filling a build that was deleted since, and must not find the next one under its
 * number.
 */
function unusedKey(): number {
  return randomInt(1, 2 ** 47);
}

/** Builds that their program left unfinished, or that a newer build of this program replaces. */
function dropDeadBuilds(writer: Writer, comparisonKey: number): void {
  const { db, owner } = writer;
  const builds = all<{ build_key: number; owner: string }>(
    db,
    sql`SELECT b.build_key, b.owner FROM comparison_builds b JOIN comparisons c USING (comparison_key)
        WHERE b.comparison_key = ${comparisonKey} AND b.build_key IS NOT c.build_key`,
  );
  for (const build of builds) {
    if (build.owner === owner || !isAlive(build.owner)) {
      run(db, sql`DELETE FROM comparison_builds WHERE build_key = ${build.build_key}`);
    }
  }
}

export interface ColumnPart {
  name: ColumnName;
  range: number;
  data: Uint8Array;
}

/** One range of a build: a short transaction. Refused if the build is obsolete (comparison removed or replaced). */
export function putColumns(
  writer: Writer,
  buildKey: number,
  parts: readonly ColumnPart[],
  progress: number,
): ComparisonRecord {
  const { db } = writer;
  // Marks that are added to a finished build are visible at once.
  return change(writer, progress === 1 ? ['comparisons'] : [], () => {
    const id = comparisonOfBuild(db, buildKey);
    for (const { name, range, data } of parts) {
      run(
        db,
        sql`INSERT OR REPLACE INTO comparison_columns (build_key, name, range, data) VALUES (${buildKey}, ${name}, ${range}, ${data})`,
      );
    }
    run(db, sql`UPDATE comparisons SET progress = ${progress} WHERE id = ${id} AND state = 'building'`);
    return existingComparison(db, id);
  });
}

export interface BuildOutcome {
  rows: number;
  pairing: ComparisonRecord['pairing'];
  pairingNote: string | null;
  counts: ComparisonCounts;
}

/** From here on the comparison is shown, from this build; every other build of it is deleted. */
export function finishBuild(writer: Writer, buildKey: number, outcome: BuildOutcome): ComparisonRecord {
  const { db } = writer;
  return change(writer, ['comparisons'], () => {
    const id = comparisonOfBuild(db, buildKey);
    run(db, sql`UPDATE comparison_builds SET rows = ${outcome.rows} WHERE build_key = ${buildKey}`);
    run(
      db,
      sql`UPDATE comparisons SET state = 'ready', progress = 1, error = NULL, build_key = ${buildKey}, pairing = ${outcome.pairing},
            pairing_note = ${outcome.pairingNote}, counts = ${JSON.stringify(outcome.counts)} WHERE id = ${id}`,
    );
    run(
      db,
      sql`DELETE FROM comparison_builds WHERE build_key <> ${buildKey}
            AND comparison_key = (SELECT comparison_key FROM comparisons WHERE id = ${id})`,
    );
    noteCorrections(db, id);
    const sides = one<OrderRow>(db, sql`SELECT * FROM comparisons WHERE id = ${id}`);
    if (sides !== undefined) requestIndex(db, [sides.left_key, sides.right_key]);
    return existingComparison(db, id);
  });
}

export function failBuild(writer: Writer, buildKey: number, error: ErrorReport): ComparisonRecord | null {
  const { db } = writer;
  return change(writer, ['comparisons'], () => {
    const id = value<string>(
      db,
      sql`SELECT c.id FROM comparison_builds b JOIN comparisons c USING (comparison_key) WHERE b.build_key = ${buildKey}`,
    );
    if (id === undefined) return null;
    run(db, sql`DELETE FROM comparison_builds WHERE build_key = ${buildKey}`);
    run(
      db,
      sql`UPDATE comparisons SET state = 'failed', error = ${JSON.stringify(error)} WHERE id = ${id} AND state = 'building'`,
    );
    return existingComparison(db, id);
  });
}

function comparisonOfBuild(db: ReadableDb, buildKey: number): string {
  const id = value<string>(
    db,
    sql`SELECT c.id FROM comparison_builds b JOIN comparisons c USING (comparison_key) WHERE b.build_key = ${buildKey}`,
  );
  if (id === undefined) throw new WorkbenchError('cancelled', 'This comparison was removed or rebuilt meanwhile');
  return id;
}

/** Comparisons that wait to be built and that no running program is building. The build that one had before says nothing of that. */
export function unbuiltComparisons(db: ReadableDb, owner: string): string[] {
  const builders = new Map<string, string[]>();
  for (const { id, builder } of all<{ id: string; builder: string | null }>(
    db,
    sql`SELECT c.id, b.owner AS builder
        FROM comparisons c LEFT JOIN comparison_builds b
          ON b.comparison_key = c.comparison_key AND b.build_key IS NOT c.build_key
        WHERE c.state = 'building' ORDER BY c.comparison_key`,
  )) {
    builders.set(id, [...(builders.get(id) ?? []), ...(builder === null ? [] : [builder])]);
  }
  const isElsewhere = (builder: string): boolean => builder !== owner && isAlive(builder);
  return [...builders].filter(([, owners]) => !owners.some(isElsewhere)).map(([id]) => id);
}
