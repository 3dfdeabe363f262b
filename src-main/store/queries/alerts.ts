import type { AlertRecord } from '../../shared/domain/alerts.ts';
import type { ReadableDb } from '../database.ts';
import { all, run, sql, value } from '../database.ts';
import type { Writer } from './marks.ts';
import { change } from './marks.ts';

/** Keeps what a rule found; null if the run is gone. */
export function addAlert(writer: Writer, alert: Omit<AlertRecord, 'id' | 'runName'>): AlertRecord | null {
  const { db } = writer;
  const of = all<{ run_key: number; name: string }>(
    db,
    sql`SELECT run_key, name FROM runs WHERE id = ${alert.runId}`,
  )[0];
  if (of === undefined) return null;
  let id = 0;
  change(writer, ['runs'], () => {
    id = run(
      db,
      sql`INSERT INTO alerts (run_key, rule, step, suite_name, value, message, at)
          VALUES (${of.run_key}, ${alert.rule}, ${alert.step}, ${alert.suiteName}, ${alert.value}, ${alert.message}, ${alert.at})`,
    ).key;
  });
  return { ...alert, id, runName: of.name };
}

/** Alerts of a run, newest first. */
export function listAlerts(db: ReadableDb, runId: string): AlertRecord[] {
  const key = value<number>(db, sql`SELECT run_key FROM runs WHERE id = ${runId}`) ?? 0;
  return all<AlertRecord>(
    db,
    sql`SELECT a.alert_key AS id, r.id AS runId, r.name AS runName, a.rule, a.step, a.suite_name AS suiteName, a.value, a.message, a.at
        FROM alerts a JOIN runs r USING (run_key) WHERE a.run_key = ${key} ORDER BY a.alert_key DESC`,
  );
}

export const alertReads = { listAlerts };
export const alertWrites = { addAlert };
