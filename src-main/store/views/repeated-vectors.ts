import { againMetric } from '../../shared/domain/statistics/output-floor.ts';
import type { RepeatedVectors } from '../api.ts';
import type { ReadableDb } from '../database.ts';
import { prepare } from '../database.ts';
import { float64sOf } from '../codec.ts';
import { firstKey } from '../keys.ts';
import { metricNames } from '../queries/evaluations.ts';
import type { LoadedComparison } from './comparison.ts';

type ScoreRow = [key: number, score: number | null, metrics: Uint8Array | null];

/** For the pairs at `rows`: the old side's score, and that of its second sampled answer. Null if the old side has no second answers. */
export function repeatedVectors({ db, columns, leftKey }: LoadedComparison, rows: Int32Array): RepeatedVectors | null {
  const place = metricNames(db, leftKey).indexOf(againMetric);
  if (place === -1) return null;
  const positions = new Map<number, number>();
  const keys = columns.get('leftKey');
  rows.forEach((row, i) => positions.set(keys[row] ?? 0, i));
  const nothing = () => new Float64Array(rows.length).fill(NaN);
  const vectors: RepeatedVectors = { before: nothing(), again: nothing() };
  const first = firstKey(leftKey);
  for (const [key, score, blob] of scoresOf(db, leftKey)) {
    const i = positions.get(key - first);
    if (i === undefined || blob === null || score === null) continue;
    vectors.before[i] = score;
    vectors.again[i] = float64sOf(blob)[place] ?? NaN;
  }
  return vectors;
}

function scoresOf(db: ReadableDb, evaluationKey: number): IterableIterator<ScoreRow> {
  return prepare(
    db,
    'SELECT score_key, score, metrics FROM scores WHERE score_key >= ? AND score_key < ?',
    'array',
  ).iterate(firstKey(evaluationKey), firstKey(evaluationKey + 1)) as IterableIterator<ScoreRow>;
}
