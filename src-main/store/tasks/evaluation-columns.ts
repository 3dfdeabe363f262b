import type { ReadableDb } from '../database.ts';
import { prepare, sql, value } from '../database.ts';
import { firstKey } from '../keys.ts';

/** One evaluation's scores as columns, in order of sample keys. */
export interface EvaluationColumns {
  key: number;
  scopeKey: number;
  rows: number;
  sampleKey: Int32Array;
  /** NaN = none. */
  score: Float64Array;
  verdict: Uint8Array;
  length: Int32Array;
  sliceSet: Int32Array;
  cluster: Int32Array;
  /** Answers with a verdict, and how many of them are right; 0 attempts = answered once. Null if no sample has several. */
  attempts: Uint32Array | null;
  solved: Uint32Array | null;
}

type ScoreRow = [
  key: number,
  score: number | null,
  verdict: number,
  length: number,
  sliceSet: number,
  cluster: number,
  attempts: number,
  solved: number,
];

/** Reads an evaluation in one pass: about a second for 1 M samples. */
export function readEvaluation(db: ReadableDb, key: number): EvaluationColumns {
  const rows = value<number>(db, sql`SELECT samples FROM evaluations WHERE evaluation_key = ${key}`) ?? 0;
  const columns: EvaluationColumns = {
    key,
    scopeKey: value<number>(db, sql`SELECT scope_key FROM evaluations WHERE evaluation_key = ${key}`) ?? 0,
    rows,
    sampleKey: new Int32Array(rows),
    score: new Float64Array(rows),
    verdict: new Uint8Array(rows),
    length: new Int32Array(rows),
    sliceSet: new Int32Array(rows),
    cluster: new Int32Array(rows),
    attempts: null,
    solved: null,
  };
  const first = firstKey(key);
  const scores = prepare(
    db,
    'SELECT score_key, score, verdict, length, slice_set, cluster, attempts, solved FROM scores WHERE score_key >= ? AND score_key < ? ORDER BY score_key',
    'array',
  ).iterate(first, firstKey(key + 1)) as IterableIterator<ScoreRow>;
  let i = 0;
  for (const [scoreKey, score, verdict, length, sliceSet, cluster, attempts, solved] of scores) {
    if (attempts > 0) {
      (columns.attempts ??= new Uint32Array(rows))[i] = attempts;
      (columns.solved ??= new Uint32Array(rows))[i] = solved;
    }
    columns.sampleKey[i] = scoreKey - first;
    columns.score[i] = score ?? NaN;
    columns.verdict[i] = verdict;
    columns.length[i] = length;
    columns.sliceSet[i] = sliceSet;
    columns.cluster[i] = cluster;
    i++;
  }
  if (i !== rows) throw new Error(`evaluation ${key} has ${i} scores where ${rows} were counted`);
  return columns;
}
