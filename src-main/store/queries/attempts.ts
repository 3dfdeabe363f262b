import type { SampleResult } from '../../shared/domain/evaluations.ts';
import type { ReadableDb, WritableDb } from '../database.ts';
import { all, prepare, run, sql, value } from '../database.ts';
import { firstKey } from '../keys.ts';
import { storable } from '../texts.ts';
import { verdictCode, verdictOf } from './verdicts.ts';
import type { Attempt } from '../../shared/domain/evaluations.ts';

/** Several answers to one sample: kept one by one, and combined into the sample's score and verdict when all have arrived. */
export function writeAttempts(db: WritableDb, scoreKey: number, result: SampleResult): void {
  const put = prepare(
    db,
    'INSERT OR REPLACE INTO attempts (score_key, number, score, verdict, output) VALUES (?, ?, ?, ?, ?)',
  );
  for (const { number, score, verdict, output } of result.attempts ?? []) {
    const text = output === null ? null : storable(output, `output of “${result.sampleId}”`);
    put.run(scoreKey, number, score, verdictCode(verdict), text);
  }
}

/**
 * What the attempts of an evaluation's samples amount to: the mean of their scores, the share of right ones, and the majority's
 * verdict. If a source numbers attempts but has one per sample, each was asked once.
 * @returns the most answers to any sample
 */
export function settleAttempts(db: WritableDb, key: number): number {
  const [from, to] = [firstKey(key), firstKey(key + 1)];
  const most = value<number | null>(
    db,
    sql`SELECT max(number) FROM attempts WHERE score_key >= ${from} AND score_key < ${to}`,
  );
  if (most === null || most === undefined) return 1;
  if (most === 1) {
    run(db, sql`DELETE FROM attempts WHERE score_key >= ${from} AND score_key < ${to}`);
    return 1;
  }
  // The first answer may have come as an ordinary result, before a second one was known of.
  run(
    db,
    sql`INSERT OR IGNORE INTO attempts (score_key, number, score, verdict, output)
        SELECT s.score_key, 1, s.score, s.verdict, o.body FROM scores s LEFT JOIN outputs o USING (score_key)
        WHERE s.score_key IN (SELECT DISTINCT score_key FROM attempts WHERE score_key >= ${from} AND score_key < ${to})
          AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.score_key = s.score_key AND a.number = 1)`,
  );
  run(
    db,
    sql`UPDATE scores SET attempts = t.judged, solved = t.solved, score = coalesce(t.score, scores.score),
          verdict = CASE WHEN t.judged = 0 THEN 0 WHEN 2 * t.solved > t.judged THEN 1 WHEN 2 * t.solved < t.judged THEN 2 ELSE 3 END
        FROM (SELECT score_key, sum(verdict IN (1, 2)) AS judged, sum(verdict = 1) AS solved, avg(score) AS score
              FROM attempts WHERE score_key >= ${from} AND score_key < ${to} GROUP BY score_key) t
        WHERE scores.score_key = t.score_key`,
  );
  return most;
}

export function attemptsOf(db: ReadableDb, scoreKey: number): Attempt[] {
  return all<{ number: number; score: number | null; verdict: number; output: string | null }>(
    db,
    sql`SELECT number, score, verdict, output FROM attempts WHERE score_key = ${scoreKey} ORDER BY number`,
  ).map(({ verdict, ...rest }) => ({ ...rest, verdict: verdictOf(verdict) }));
}
