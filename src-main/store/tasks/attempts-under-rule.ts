import { classifyFlip, isFlip } from '../../shared/domain/flips.ts';
import type { Rule } from '../../shared/domain/flip-rules.ts';
import type { FlipKind, Judged } from '../../shared/domain/flips.ts';
import { flipStands, isUnanimous } from '../../shared/domain/statistics/solved.ts';
import type { Solved } from '../../shared/domain/statistics/solved.ts';
import type { ReadableDb } from '../database.ts';
import { prepare } from '../database.ts';
import { firstKey } from '../keys.ts';
import { verdictOf } from '../queries/verdicts.ts';
import { stabilities } from '../views/columns.ts';
import type { EvaluationColumns } from './evaluation-columns.ts';
import type { Pairing } from './pairing.ts';

/** What the answers to each sample of an evaluation amount to under a rule; one entry per row, 0 attempts = answered once. */
interface SideAttempts {
  attempts: Uint32Array;
  right: Uint32Array;
  /** Lowest and highest score of a sample's answers; NaN if it was answered once. */
  low: Float64Array;
  high: Float64Array;
}

/** Both sides of a comparison; null if no sample of either was answered several times. */
export interface PairAttempts {
  left: SideAttempts | null;
  right: SideAttempts | null;
}

export function pairAttempts(
  db: ReadableDb,
  left: EvaluationColumns,
  right: EvaluationColumns,
  rule: Rule,
): PairAttempts | null {
  const sides = { left: attemptsUnder(db, left, rule), right: attemptsUnder(db, right, rule) };
  return sides.left === null && sides.right === null ? null : sides;
}

type AttemptRow = [key: number, judged: number, right: number, low: number | null, high: number | null];

function attemptsUnder(db: ReadableDb, side: EvaluationColumns, rule: Rule): SideAttempts | null {
  const [judged, right] = countsUnder(rule);
  const first = firstKey(side.key);
  const rows = prepare(
    db,
    `SELECT score_key, sum(${judged}), sum(${right}), min(score), max(score) FROM attempts
     WHERE score_key >= ? AND score_key < ? GROUP BY score_key ORDER BY score_key`,
    'array',
  ).iterate(first, firstKey(side.key + 1)) as IterableIterator<AttemptRow>;
  let columns: SideAttempts | null = null;
  let i = 0;
  for (const [key, count, hits, low, high] of rows) {
    columns ??= emptySide(side.rows);
    while (side.sampleKey[i] !== key - first) i += 1;
    columns.attempts[i] = count;
    columns.right[i] = hits;
    columns.low[i] = low ?? NaN;
    columns.high[i] = high ?? NaN;
  }
  // If a source says only how many answers were right, that is a count of verdicts.
  if (rule.kind !== 'verdict' || side.attempts === null || side.solved === null) return columns;
  columns ??= emptySide(side.rows);
  for (i = 0; i < side.rows; i += 1) {
    if (columns.attempts[i] !== 0) continue;
    columns.attempts[i] = side.attempts[i] ?? 0;
    columns.right[i] = side.solved[i] ?? 0;
  }
  return columns;
}

/** SQL for “this answer is judged” and “it is right”. The margin rule judges pairs, so no answer is right by itself. */
function countsUnder(rule: Rule): [judged: string, right: string] {
  switch (rule.kind) {
    case 'verdict':
      if (rule.ties === 'excluded') return ['verdict IN (1, 2)', 'verdict = 1'];
      return ['verdict IN (1, 2, 3)', rule.ties === 'right' ? 'verdict IN (1, 3)' : 'verdict = 1'];
    case 'threshold': {
      const bound = Number.isFinite(rule.threshold) ? String(rule.threshold) : '9e999';
      return ['score IS NOT NULL', `coalesce(score ${rule.direction === 'higher' ? '>=' : '<='} (${bound}), 0)`];
    }
    case 'margin':
      return ['0', '0'];
  }
}

function emptySide(rows: number): SideAttempts {
  return {
    attempts: new Uint32Array(rows),
    right: new Uint32Array(rows),
    low: new Float64Array(rows).fill(NaN),
    high: new Float64Array(rows).fill(NaN),
  };
}

type RepeatColumn = 'leftAttempts' | 'leftSolved' | 'rightAttempts' | 'rightSolved';

/** How often each side was answered and how often it was right, by pair; nothing under the margin rule. */
export function repeatColumns(attempts: PairAttempts | null, pairing: Pairing): [RepeatColumn, Uint32Array][] {
  if (attempts === null) return [];
  const pick = (column: Uint32Array | undefined, rows: Int32Array): Uint32Array =>
    Uint32Array.from(rows, (row) => column?.[row] ?? 0);
  return [
    ['leftAttempts', pick(attempts.left?.attempts, pairing.left)],
    ['leftSolved', pick(attempts.left?.right, pairing.left)],
    ['rightAttempts', pick(attempts.right?.attempts, pairing.right)],
    ['rightSolved', pick(attempts.right?.right, pairing.right)],
  ];
}

/**
 * Solid or flaky from several answers to a sample, without an A/A evaluation. A flip is solid if all answers of both sides
 * bear it out or its own test does; a pair that did not flip, if the answers of each side agree. Codes are the column's.
 */
export function attemptStability(
  attempts: PairAttempts,
  left: EvaluationColumns,
  right: EvaluationColumns,
  pairing: Pairing,
  rule: Rule,
): Uint8Array {
  const [solid, flaky] = [stabilities.indexOf('solid') + 1, stabilities.indexOf('flaky') + 1];
  return Uint8Array.from(pairing.left, (l, i) => {
    const r = pairing.right[i] ?? 0;
    const stands =
      rule.kind === 'margin'
        ? standsByMargin(attempts, [left, l], [right, r], rule)
        : standsByCounts(attempts, [left, l], [right, r], rule);
    return stands === null ? 0 : stands ? solid : flaky;
  });
}

type Place = [side: EvaluationColumns, row: number];

function standsByCounts({ left, right }: PairAttempts, old: Place, now: Place, rule: Rule): boolean | null {
  const counts = [solvedAt(left, old), solvedAt(right, now)] as const;
  if (counts[0].attempts < 2 && counts[1].attempts < 2) return null;
  const kind = classifyFlip(judgedAt(old), judgedAt(now), rule);
  return isFlip(kind) ? flipStands(...single(counts, kind)) : counts.every(isUnanimous);
}

/** A side that was answered once counts as agreeing with the flip. */
function single([old, now]: readonly [Solved, Solved], kind: FlipKind): [Solved, Solved] {
  const once = (solved: Solved, isRight: boolean) =>
    solved.attempts > 0 ? solved : { attempts: 1, right: isRight ? 1 : 0 };
  return [once(old, kind === 'negative'), once(now, kind === 'positive')];
}

/** Whether the worst and the best pairing of the two sides' answers have the same outcome. */
function standsByMargin(
  { left, right }: PairAttempts,
  old: Place,
  now: Place,
  rule: Extract<Rule, { kind: 'margin' }>,
): boolean | null {
  const [oldRange, nowRange] = [rangeAt(left, old), rangeAt(right, now)];
  if (oldRange === null && nowRange === null) return null;
  const score = (place: Place) => judgedAt(place).score ?? NaN;
  const [oldLow, oldHigh] = oldRange ?? [score(old), score(old)];
  const [nowLow, nowHigh] = nowRange ?? [score(now), score(now)];
  const kindOf = (from: number, to: number) =>
    classifyFlip({ score: from, verdict: null }, { score: to, verdict: null }, rule);
  return kindOf(oldLow, nowHigh) === kindOf(oldHigh, nowLow);
}

function rangeAt(attempts: SideAttempts | null, [, row]: Place): [low: number, high: number] | null {
  const [low, high] = [attempts?.low[row] ?? NaN, attempts?.high[row] ?? NaN];
  return Number.isNaN(low) || Number.isNaN(high) ? null : [low, high];
}

function solvedAt(attempts: SideAttempts | null, [, row]: Place): Solved {
  return { attempts: attempts?.attempts[row] ?? 0, right: attempts?.right[row] ?? 0 };
}

function judgedAt([side, row]: Place): Judged {
  const score = side.score[row] ?? NaN;
  return { score: Number.isNaN(score) ? null : score, verdict: verdictOf(side.verdict[row] ?? 0) };
}
