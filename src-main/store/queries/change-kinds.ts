import type { KindSettings, ProgramFindings } from '../../shared/domain/kinds/own-kinds.ts';
import { defaultKindSettings, kindSettingsKey, rulesMark } from '../../shared/domain/kinds/own-kinds.ts';
import type { Rule } from '../../shared/domain/flip-rules.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { ReadableDb } from '../database.ts';
import { all, one, run, sql, value } from '../database.ts';
import type { Writer } from './marks.ts';
import { change } from './marks.ts';
import { ruleAndPairing } from './comparisons.ts';
import { getSetting } from './small-lists.ts';

/** What finding a build's kinds of change needs to know. */
export interface KindOrder {
  buildKey: number;
  leftKey: number;
  rightKey: number;
  rows: number;
  rule: Rule;
  settings: KindSettings;
  /** What the programs of own kinds said about the answers. */
  programs: readonly ProgramFindings[];
}

/** Null if the shown build has its kinds by the workspace's current rules. */
export async function kindOrder(db: ReadableDb, comparisonId: string): Promise<KindOrder | null> {
  const row = one<{
    build_key: number | null;
    left_key: number;
    right_key: number;
    rows: number;
    rule: string;
    rules: string | null;
  }>(
    db,
    sql`SELECT c.build_key, c.left_key, c.right_key, b.rows, c.rule, k.rules FROM comparisons c
        LEFT JOIN comparison_builds b USING (build_key) LEFT JOIN comparison_kinds k USING (build_key) WHERE c.id = ${comparisonId}`,
  );
  if (row === undefined) throw new WorkbenchError('not-found', 'This comparison is not in the workspace');
  if (row.build_key === null) {
    throw new WorkbenchError('conflict', 'This comparison is still being built', {
      remedy: 'Wait until it is ready; its progress is shown in the list of comparisons.',
    });
  }
  const settings = await kindSettings(db);
  if (row.rules === rulesMark(settings)) return null;
  return {
    buildKey: row.build_key,
    leftKey: row.left_key,
    rightKey: row.right_key,
    rows: row.rows,
    rule: ruleAndPairing(row.rule).rule,
    settings,
    programs: [],
  };
}

/** Few workspaces set any, so the parser is loaded only if there is a setting. */
export async function kindSettings(db: ReadableDb): Promise<KindSettings> {
  const text = getSetting(db, kindSettingsKey);
  if (text === null) return defaultKindSettings;
  const { parseKindSettings } = await import('../../shared/domain/kinds/own-kinds-schema.ts');
  return parseKindSettings(text);
}

/** Marks of the rules by which kinds were found, one for each comparison that has any. */
export function kindMarks(db: ReadableDb): string[] {
  return all<{ rules: string }>(
    db,
    sql`SELECT k.rules FROM comparison_kinds k JOIN comparisons c USING (build_key)`,
  ).map(({ rules }) => rules);
}

/** The rule of a comparison. */
export function ruleOf(db: ReadableDb, comparisonId: string): Rule {
  const identity = value<string>(db, sql`SELECT rule FROM comparisons WHERE id = ${comparisonId}`);
  return ruleAndPairing(identity ?? 'verdict').rule;
}

/** The own kinds of a build's columns, by bit; null if its kinds have not been found yet. */
export function ownKindsOf(db: ReadableDb, buildKey: number): string[] | null {
  const own = value<string>(db, sql`SELECT own FROM comparison_kinds WHERE build_key = ${buildKey}`);
  return own === undefined ? null : (JSON.parse(own) as string[]);
}

/** From here on the columns count as found by these rules. Does nothing if the build has gone meanwhile. */
export function finishKinds(writer: Writer, buildKey: number, settings: KindSettings): void {
  const { db } = writer;
  const own = JSON.stringify(settings.own.map(({ name }) => name));
  change(writer, ['comparisons'], () =>
    run(
      db,
      sql`INSERT OR REPLACE INTO comparison_kinds (build_key, rules, own)
          SELECT build_key, ${rulesMark(settings)}, ${own} FROM comparison_builds WHERE build_key = ${buildKey}`,
    ),
  );
}

export const kindReads = { kindMarks };
