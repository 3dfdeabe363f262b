import type { ChoiceVectors } from '../api.ts';
import type { ReadableDb } from '../database.ts';
import { prepare } from '../database.ts';
import { float64sOf } from '../codec.ts';
import { firstKey } from '../keys.ts';
import { metricNames } from '../queries/evaluations.ts';
import type { LoadedComparison } from './comparison.ts';

/**
 * For the pairs at `rows` that are multiple choice: how many options there were, how sure each side was of the one it chose, and
 * whether that one was right. Null if neither side reports the number of options.
 */
export function choiceVectors(
  { db, columns, leftKey, rightKey }: LoadedComparison,
  rows: Int32Array,
): ChoiceVectors | null {
  const left = readSide(db, leftKey, columns.get('leftKey'), columns.get('leftVerdict'), rows);
  const right = readSide(db, rightKey, columns.get('rightKey'), columns.get('rightVerdict'), rows);
  if (left === null && right === null) return null;
  const options = Float64Array.from(rows, (_, i) => {
    const count = left?.options[i] ?? NaN;
    return Number.isNaN(count) ? (right?.options[i] ?? NaN) : count;
  });
  const side = (own: Side | null) => (own === null || own.confidence.every(Number.isNaN) ? null : own);
  const shown = (own: Side | null) => (own === null ? null : { confidence: own.confidence, isRight: own.isRight });
  return { options, left: shown(side(left)), right: shown(side(right)) };
}

interface Side {
  options: Float64Array;
  confidence: Float64Array;
  /** 1 = the chosen option was right, 0 = wrong; NaN = not known. */
  isRight: Float64Array;
}

type MetricRow = [key: number, metrics: Uint8Array | null];

function readSide(
  db: ReadableDb,
  evaluationKey: number,
  sampleKeys: Int32Array,
  verdicts: Uint8Array,
  rows: Int32Array,
): Side | null {
  const names = metricNames(db, evaluationKey);
  const at = (name: string) => names.indexOf(name);
  const [options, confidence, acc] = [at('options'), at('confidence'), at('acc')];
  if (options === -1) return null;
  const first = firstKey(evaluationKey);
  const positions = new Map<number, number>();
  rows.forEach((row, i) => positions.set(sampleKeys[row] ?? 0, i));
  const nothing = () => new Float64Array(rows.length).fill(NaN);
  const side: Side = { options: nothing(), confidence: nothing(), isRight: nothing() };
  const scores = prepare(
    db,
    'SELECT score_key, metrics FROM scores WHERE score_key >= ? AND score_key < ?',
    'array',
  ).iterate(first, firstKey(evaluationKey + 1)) as IterableIterator<MetricRow>;
  for (const [key, blob] of scores) {
    const i = positions.get(key - first);
    if (i === undefined || blob === null) continue;
    const values = float64sOf(blob);
    side.options[i] = values[options] ?? NaN;
    if (confidence !== -1) side.confidence[i] = values[confidence] ?? NaN;
    // The likeliest option's own verdict, since the sample's may be based on a normalised score.
    const own = acc === -1 ? NaN : (values[acc] ?? NaN);
    const verdict = verdicts[rows[i] ?? 0];
    side.isRight[i] = Number.isNaN(own) ? (verdict === 1 ? 1 : verdict === 2 ? 0 : NaN) : own;
  }
  return side;
}
