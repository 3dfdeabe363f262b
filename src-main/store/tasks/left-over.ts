import type { ReadableDb } from '../database.ts';
import { sql, value } from '../database.ts';
import type { EvaluationColumns } from './evaluation-columns.ts';

/** If half or more of either side has no partner: how many, and the likely reason. */
export function leftOver(
  db: ReadableDb,
  left: EvaluationColumns,
  right: EvaluationColumns,
  paired: number,
): string | null {
  const [old, now] = [left.rows - paired, right.rows - paired];
  if (old * 2 < left.rows && now * 2 < right.rows) return null;
  if (left.rows === 0 || right.rows === 0) return null;
  const counts = `${count(old)} of ${count(left.rows)} old and ${count(now)} of ${count(right.rows)} new samples have no partner`;
  return paired === 0
    ? `These two share no sample (${count(left.rows)} old, ${count(right.rows)} new)${reason(db, left, right)}.`
    : `${counts}${partialReason(old, now) ?? reason(db, left, right)}.`;
}

function partialReason(old: number, now: number): string | null {
  if (now === 0)
    return ': the new evaluation holds a part of the old one’s samples (a limit, or a run that ended early?)';
  return old === 0
    ? ': the old evaluation holds a part of the new one’s samples (a limit, or a run that ended early?)'
    : null;
}

function reason(db: ReadableDb, left: EvaluationColumns, right: EvaluationColumns): string {
  if (left.scopeKey === right.scopeKey)
    return ': both are of one task, so one side may be of another revision of it, or rendered by another template';
  const name = (key: number): string => value<string>(db, sql`SELECT name FROM scopes WHERE scope_key = ${key}`) ?? '';
  return `: they are of different tasks, “${name(left.scopeKey)}” and “${name(right.scopeKey)}”`;
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
