import type { ComparisonCounts, ComparisonRecord } from '../../shared/domain/flip-view.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { ErrorReport } from '../../shared/domain/errors.ts';
import type { Rule } from '../../shared/domain/flip-rules.ts';
import { formatRule, parseRule } from '../../shared/domain/flip-rules.ts';
import { parsePairBy } from '../../shared/domain/pairing.ts';
import type { PairBy } from '../../shared/domain/pairing.ts';
import { idOf, idOrNull } from '../../shared/domain/ids.ts';
import type { ReadableDb } from '../database.ts';
import { all, one, run, sql, value } from '../database.ts';
import { newId } from '../keys.ts';
import { noCounts } from '../views/columns.ts';
import type { BuildOrder, OrderRow } from './comparison-builds.ts';
import { evaluationKey } from './evaluations.ts';
import type { Writer } from './marks.ts';
import { change } from './marks.ts';

interface ComparisonRow {
  comparison_key: number;
  id: string;
  left_id: string;
  right_id: string;
  left_name: string;
  right_name: string;
  left_repeat_id: string | null;
  right_repeat_id: string | null;
  rule: string;
  pairing: ComparisonRecord['pairing'];
  pairing_note: string | null;
  state: ComparisonRecord['state'];
  progress: number;
  error: string | null;
  counts: string;
  name: string | null;
  created_at: number;
}

const columns = `SELECT c.*, l.id AS left_id, r.id AS right_id, l.name AS left_name, r.name AS right_name,
    lr.id AS left_repeat_id, rr.id AS right_repeat_id
  FROM comparisons c JOIN evaluations l ON l.evaluation_key = c.left_key JOIN evaluations r ON r.evaluation_key = c.right_key
  LEFT JOIN evaluations lr ON lr.evaluation_key = c.left_repeat_key LEFT JOIN evaluations rr ON rr.evaluation_key = c.right_repeat_key`;

export function listComparisons(db: ReadableDb): ComparisonRecord[] {
  return all<ComparisonRow>(db, { text: `${columns} ORDER BY c.comparison_key DESC`, values: [] }).map(comparisonOf);
}

export function getComparison(db: ReadableDb, id: string): ComparisonRecord | null {
  const row = one<ComparisonRow>(db, { text: `${columns} WHERE c.id = ?`, values: [id] });
  return row === undefined ? null : comparisonOf(row);
}

export function existingComparison(db: ReadableDb, id: string): ComparisonRecord {
  const record = getComparison(db, id);
  if (record === null) throw new WorkbenchError('not-found', 'This comparison is not in the workspace');
  return record;
}

/** Finds the comparison of two evaluations under a rule, or makes one that waits to be built. */
export function openComparison(
  writer: Writer,
  leftId: string,
  rightId: string,
  rule: Rule,
  pairBy: PairBy = 'auto',
): ComparisonRecord {
  const { db } = writer;
  const left = evaluationKey(db, leftId);
  const right = evaluationKey(db, rightId);
  const text = identityOf(rule, pairBy);
  const known = value<string>(
    db,
    sql`SELECT id FROM comparisons WHERE left_key = ${left} AND right_key = ${right} AND rule = ${text}`,
  );
  if (known !== undefined) return retried(writer, existingComparison(db, known));
  const id = newId('comparison');
  change(writer, ['comparisons'], () =>
    run(
      db,
      sql`INSERT INTO comparisons (id, left_key, right_key, rule, state, counts, created_at)
          VALUES (${id}, ${left}, ${right}, ${text}, 'building', ${JSON.stringify(noCounts())}, ${Date.now()})`,
    ),
  );
  return existingComparison(db, id);
}

const pairingMark = ' pair-by ';

/** What tells comparisons of the same two evaluations apart, as stored in the column `rule`: the rule, and how samples are paired. */
function identityOf(rule: Rule, pairBy: PairBy): string {
  return formatRule(rule) + (pairBy === 'auto' ? '' : pairingMark + pairBy);
}

export function ruleAndPairing(identity: string): { rule: Rule; pairBy: PairBy } {
  const at = identity.indexOf(pairingMark);
  if (at === -1) return { rule: parseRule(identity), pairBy: 'auto' };
  return { rule: parseRule(identity.slice(0, at)), pairBy: parsePairBy(identity.slice(at + pairingMark.length)) };
}

/** Opening a comparison whose build failed tries again. */
function retried(writer: Writer, record: ComparisonRecord): ComparisonRecord {
  if (record.state !== 'failed') return record;
  change(writer, ['comparisons'], () =>
    run(writer.db, sql`UPDATE comparisons SET state = 'building', progress = 0, error = NULL WHERE id = ${record.id}`),
  );
  return existingComparison(writer.db, record.id);
}

export function removeComparison(writer: Writer, id: string): void {
  const { changes } = change(writer, ['comparisons'], () =>
    run(writer.db, sql`DELETE FROM comparisons WHERE id = ${id}`),
  );
  if (changes === 0) throw new WorkbenchError('not-found', 'This comparison is not in the workspace');
}

/** Remembers which A/A evaluations mark the flakiness; returns the shown build, whose marks are then computed. */
export function setRepeats(
  writer: Writer,
  comparisonId: string,
  leftRepeat: string | null,
  rightRepeat: string | null,
): { buildKey: number | null; order: Omit<BuildOrder, 'buildKey'> } {
  const { db } = writer;
  return change(writer, ['comparisons'], () => {
    const left = leftRepeat === null ? null : evaluationKey(db, leftRepeat);
    const right = rightRepeat === null ? null : evaluationKey(db, rightRepeat);
    run(
      db,
      sql`UPDATE comparisons SET left_repeat_key = ${left}, right_repeat_key = ${right} WHERE id = ${comparisonId}`,
    );
    const row = one<OrderRow & { build_key: number | null }>(
      db,
      sql`SELECT * FROM comparisons WHERE id = ${comparisonId}`,
    );
    if (row === undefined) throw new WorkbenchError('not-found', 'This comparison is not in the workspace');
    if (row.build_key !== null) {
      run(db, sql`DELETE FROM comparison_columns WHERE build_key = ${row.build_key} AND name = 'stability'`);
    }
    return {
      buildKey: row.build_key,
      order: {
        leftKey: row.left_key,
        rightKey: row.right_key,
        leftRepeatKey: left,
        rightRepeatKey: right,
        ...ruleAndPairing(row.rule),
      },
    };
  });
}

function comparisonOf(row: ComparisonRow): ComparisonRecord {
  return {
    id: idOf('comparison', row.id),
    leftEvaluationId: idOf('evaluation', row.left_id),
    rightEvaluationId: idOf('evaluation', row.right_id),
    leftName: row.left_name,
    rightName: row.right_name,
    name: row.name,
    ...ruleAndPairing(row.rule),
    pairing: row.pairing,
    pairingNote: row.pairing_note,
    ...repeatsOf(row),
    state: row.state,
    progress: row.progress,
    error: row.error === null ? null : (JSON.parse(row.error) as ErrorReport),
    counts: JSON.parse(row.counts) as ComparisonCounts,
    createdAt: row.created_at,
  };
}

function repeatsOf({ left_repeat_id: left, right_repeat_id: right }: ComparisonRow): Pick<ComparisonRecord, 'repeats'> {
  return left === null && right === null
    ? {}
    : { repeats: { left: idOrNull('evaluation', left), right: idOrNull('evaluation', right) } };
}

export const comparisonReads = { listComparisons, getComparison };
export const comparisonWrites = { removeComparison };
