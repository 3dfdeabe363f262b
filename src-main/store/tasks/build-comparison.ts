import type { ComparisonCounts } from '../../shared/domain/flip-view.ts';
import type { Rule } from '../../shared/domain/flip-rules.ts';
import type { Judged } from '../../shared/domain/flips.ts';
import { classifyFlip, flipKinds, isFlip, scoreDelta } from '../../shared/domain/flips.ts';
import type { ReadableDb } from '../database.ts';
import { prepare } from '../database.ts';
import { bytesOf } from '../codec.ts';
import type { BuildOrder, BuildOutcome, ColumnPart } from '../queries/comparison-builds.ts';
import { verdictOf } from '../queries/verdicts.ts';
import type { BuiltColumns } from '../views/columns.ts';
import { makeColumn, noCounts, rangeRows, stabilities } from '../views/columns.ts';
import { groupedRates } from '../views/corrections.ts';
import { attemptStability, pairAttempts, repeatColumns } from './attempts-under-rule.ts';
import type { PairAttempts } from './attempts-under-rule.ts';
import type { EvaluationColumns } from './evaluation-columns.ts';
import { readEvaluation } from './evaluation-columns.ts';
import { firingReader } from './firing.ts';
import type { Pairing } from './pairing.ts';
import { pairEvaluations } from './pairing.ts';

/** A range of finished columns, or only the progress of the preparations. */
export interface BuildBatch {
  parts: ColumnPart[];
  progress: number;
}

/** The share of the whole work that reading and pairing take. */
const preparation = 0.6;

/**
 * Compares two evaluations: reads both, pairs them, and hands over the columns in ranges of `rangeRows` pairs. Only
 * reads; the caller writes.
 */
export async function buildComparison(
  db: ReadableDb,
  order: BuildOrder,
  emit: (batch: BuildBatch) => Promise<void>,
): Promise<BuildOutcome> {
  // What is read never changes during the comparison: evaluations that are shown are only ever removed whole.
  const left = readEvaluation(db, order.leftKey);
  await emit({ parts: [], progress: 0.25 });
  const right = readEvaluation(db, order.rightKey);
  await emit({ parts: [], progress: 0.5 });
  const pairing = pairEvaluations(db, left, right, order.pairBy);
  const rank = idRanks(db, left);
  const attempts = pairAttempts(db, left, right, order.rule);
  const stability = readStability(db, order, left, right, pairing, attempts);
  const firing = firingReader(db, order.rightKey);
  const counts = noCounts();
  const kinds = new Uint8Array(pairing.left.length);
  const clusters = new Int32Array(pairing.left.length);
  counts.paired = pairing.left.length;
  counts.unmatchedLeft = left.rows - pairing.left.length;
  counts.unmatchedRight = right.rows - pairing.right.length;
  const ranges = Math.ceil(pairing.left.length / rangeRows);
  const repeats = repeatColumns(attempts, pairing);
  for (let range = 0; range < ranges; range++) {
    const columns = compareRange({ left, right, pairing, rank, firing, rule: order.rule }, range, counts);
    kinds.set(columns.kind, range * rangeRows);
    clusters.set(columns.cluster, range * rangeRows);
    const parts: ColumnPart[] = Object.entries(columns).map(([name, data]) => ({
      name: name as keyof BuiltColumns,
      range,
      data: bytesOf(data),
    }));
    for (const [name, data] of repeats) parts.push({ name, range, data: bytesOf(rangeOf(data, range)) });
    if (stability !== null) parts.push({ name: 'stability', range, data: bytesOf(rangeOf(stability, range)) });
    await emit({ parts, progress: preparation + ((1 - preparation) * (range + 1)) / (ranges + 1) });
  }
  counts.missingVerdict = counts.kinds.missing;
  const clustered = groupedRates(kinds, clusters);
  if (clustered !== null) counts.clustered = clustered;
  return { rows: pairing.left.length, pairing: pairing.kind, pairingNote: pairing.note, counts };
}

/** The columns that every comparison has. */
type OwnColumns = Omit<BuiltColumns, ReturnType<typeof repeatColumns>[number][0]>;

interface Sides {
  left: EvaluationColumns;
  right: EvaluationColumns;
  pairing: Pairing;
  rank: Int32Array;
  firing: (sampleKeys: Int32Array) => Int32Array;
  rule: Rule;
}

function compareRange(sides: Sides, range: number, counts: ComparisonCounts): OwnColumns {
  const { left, right, pairing, rule } = sides;
  const from = range * rangeRows;
  const length = Math.min(rangeRows, pairing.left.length - from);
  const columns = newColumns(length);
  for (let i = 0; i < length; i++) {
    const l = pairing.left[from + i] ?? 0;
    const r = pairing.right[from + i] ?? 0;
    const old = judged(left, l);
    const now = judged(right, r);
    const kind = classifyFlip(old, now, rule);
    counts.kinds[kind]++;
    columns.kind[i] = flipKinds.indexOf(kind);
    columns.delta[i] = scoreDelta(old, now, rule) ?? NaN;
    columns.leftKey[i] = left.sampleKey[l] ?? 0;
    columns.rightKey[i] = right.sampleKey[r] ?? 0;
    columns.leftScore[i] = old.score ?? NaN;
    columns.rightScore[i] = now.score ?? NaN;
    columns.leftVerdict[i] = left.verdict[l] ?? 0;
    columns.rightVerdict[i] = right.verdict[r] ?? 0;
    columns.length[i] = right.length[r] ?? 0;
    // Slices and clusters belong to the sample; a side imported without them uses those of the other.
    columns.sliceSet[i] = left.sliceSet[l] || (right.sliceSet[r] ?? 0);
    columns.cluster[i] = left.cluster[l] || (right.cluster[r] ?? 0);
    columns.idRank[i] = sides.rank[l] ?? 0;
  }
  columns.firing.set(sides.firing(columns.rightKey));
  return columns;
}

function newColumns(length: number): OwnColumns {
  return {
    leftKey: makeColumn('leftKey', length),
    rightKey: makeColumn('rightKey', length),
    kind: makeColumn('kind', length),
    delta: makeColumn('delta', length),
    leftScore: makeColumn('leftScore', length),
    rightScore: makeColumn('rightScore', length),
    leftVerdict: makeColumn('leftVerdict', length),
    rightVerdict: makeColumn('rightVerdict', length),
    length: makeColumn('length', length),
    firing: makeColumn('firing', length),
    cluster: makeColumn('cluster', length),
    sliceSet: makeColumn('sliceSet', length),
    idRank: makeColumn('idRank', length),
  };
}

function judged(side: EvaluationColumns, row: number): Judged {
  const score = side.score[row] ?? NaN;
  return { score: Number.isNaN(score) ? null : score, verdict: verdictOf(side.verdict[row] ?? 0) };
}

/** Rank of each left sample's id in its scope; the index has them in order already. */
function idRanks(db: ReadableDb, left: EvaluationColumns): Int32Array {
  const ranks = new Int32Array(left.rows);
  const least = left.sampleKey[0] ?? 0;
  // From sample key to row: keys of one evaluation are close together, so a table beats a map.
  const rows = new Int32Array((left.sampleKey.at(-1) ?? 0) - least + 1).fill(-1);
  left.sampleKey.forEach((key, row) => (rows[key - least] = row));
  const ordered = prepare(db, 'SELECT sample_key FROM samples WHERE scope_key = ? ORDER BY id_order', 'value').iterate(
    left.scopeKey,
  ) as IterableIterator<number>;
  let rank = 0;
  for (const key of ordered) {
    const row = rows[key - least];
    if (row !== undefined && row >= 0) ranks[row] = rank++;
  }
  return ranks;
}

/**
 * Solid or flaky by A/A evaluations: a pair is flaky when either side, evaluated again, flips against itself under the rule.
 * Without these, by several answers to the samples. Null without either; 0 if the repeats lack the sample.
 */
function readStability(
  db: ReadableDb,
  order: Omit<BuildOrder, 'buildKey'>,
  left: EvaluationColumns,
  right: EvaluationColumns,
  pairing: Pairing,
  attempts: PairAttempts | null,
): Uint8Array | null {
  if (order.leftRepeatKey === null && order.rightRepeatKey === null) {
    return attempts === null ? null : attemptStability(attempts, left, right, pairing, order.rule);
  }
  const sides = [
    { own: left, repeatKey: order.leftRepeatKey, rows: pairing.left },
    { own: right, repeatKey: order.rightRepeatKey, rows: pairing.right },
  ];
  const stability = new Uint8Array(pairing.left.length);
  const [solid, flaky] = [stabilities.indexOf('solid') + 1, stabilities.indexOf('flaky') + 1];
  for (const { own, repeatKey, rows } of sides) {
    if (repeatKey === null) continue;
    const repeat = readEvaluation(db, repeatKey);
    const again = new Int32Array(own.rows).fill(-1);
    const repeated = pairEvaluations(db, own, repeat);
    repeated.left.forEach((row, i) => (again[row] = repeated.right[i] ?? -1));
    rows.forEach((row, i) => {
      const other = again[row] ?? -1;
      if (other < 0) return;
      const moved = isFlip(classifyFlip(judged(own, row), judged(repeat, other), order.rule));
      if (moved) stability[i] = flaky;
      else if (stability[i] === 0) stability[i] = solid;
    });
  }
  return stability;
}

/** Only the marks, for a comparison that has been built already. */
export async function buildStability(
  db: ReadableDb,
  order: Omit<BuildOrder, 'buildKey'>,
  emit: (batch: BuildBatch) => Promise<void>,
): Promise<null> {
  const left = readEvaluation(db, order.leftKey);
  const right = readEvaluation(db, order.rightKey);
  const attempts = pairAttempts(db, left, right, order.rule);
  const pairing = pairEvaluations(db, left, right, order.pairBy);
  const stability = readStability(db, order, left, right, pairing, attempts);
  if (stability === null) return null;
  const ranges = Math.ceil(stability.length / rangeRows);
  const parts = Array.from({ length: ranges }, (_, range): ColumnPart => ({
    name: 'stability',
    range,
    data: bytesOf(rangeOf(stability, range)),
  }));
  await emit({ parts, progress: 1 });
  return null;
}

function rangeOf<Column extends Uint8Array | Uint32Array>(column: Column, range: number): Column {
  return column.slice(range * rangeRows, (range + 1) * rangeRows) as Column;
}
