import type { ListedSample, VerdictChoice } from '../../shared/domain/evaluation-samples.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { ReadableDb } from '../database.ts';
import { all, one, sql } from '../database.ts';
import { firstKey, packKey } from '../keys.ts';
import { judgesContinuations } from './answers.ts';
import { evaluationKey } from './evaluations.ts';
import { verdictCode, verdictOf } from './verdicts.ts';

/** Characters of each text in a list. */
const shownCharacters = 400;
/** Lists whose keys are remembered: a finished evaluation does not change, so they stay valid. */
const keptLists = 4;
const lists = new WeakMap<ReadableDb, Map<string, Float64Array>>();

/** Samples of an evaluation in the order they were taken in, and how many there are with the verdict that was asked for. */
function evaluationSamples(
  db: ReadableDb,
  id: string,
  choice: VerdictChoice,
  offset: number,
  limit: number,
): { total: number; rows: ListedSample[] } {
  const evaluation = evaluationKey(db, id);
  const keys = keysOf(db, evaluation, choice);
  const most = judgesContinuations(db, evaluation) ? endOf : beginningOf;
  const rows = [...keys.subarray(offset, offset + limit)].map((key) => listed(db, key, most));
  return { total: keys.length, rows: rows.filter((row) => row !== null) };
}

/** One of them with whole texts. Throws `not-found`. */
function evaluationSample(db: ReadableDb, id: string, sampleKey: number): ListedSample {
  const found = listed(db, packKey(evaluationKey(db, id), sampleKey), allOf);
  if (found === null) throw new WorkbenchError('not-found', 'This sample is not in the evaluation');
  return found;
}

function keysOf(db: ReadableDb, evaluation: number, choice: VerdictChoice): Float64Array {
  const known = lists.get(db) ?? new Map<string, Float64Array>();
  lists.set(db, known);
  const name = `${evaluation} ${choice}`;
  const keys = known.get(name) ?? readKeys(db, evaluation, choice);
  // The most recently used one is the last to go.
  known.delete(name);
  known.set(name, keys);
  for (const old of [...known.keys()].slice(0, -keptLists)) known.delete(old);
  return keys;
}

function readKeys(db: ReadableDb, evaluation: number, choice: VerdictChoice): Float64Array {
  const [from, to] = [firstKey(evaluation), firstKey(evaluation + 1)];
  const rows =
    choice === 'all'
      ? sql`SELECT score_key FROM scores WHERE score_key >= ${from} AND score_key < ${to} ORDER BY score_key`
      : sql`SELECT score_key FROM scores WHERE score_key >= ${from} AND score_key < ${to}
            AND verdict = ${verdictCode(choice === 'missing' ? null : choice)} ORDER BY score_key`;
  return Float64Array.from(all<{ score_key: number }>(db, rows), (row) => row.score_key);
}

interface Row {
  sample_key: number;
  external_id: string;
  prompt: string;
  target: string | null;
  output: string | null;
  score: number | null;
  verdict: number;
}

/** How much of the texts is read: where the prompt starts, and how many characters of each. */
interface Part {
  from: number;
  length: number;
}
const beginningOf: Part = { from: 1, length: shownCharacters };
const endOf: Part = { from: -shownCharacters, length: shownCharacters };
const allOf: Part = { from: 1, length: Number.MAX_SAFE_INTEGER };

function listed(db: ReadableDb, key: number, { from, length }: Part): ListedSample | null {
  const row = one<Row>(
    db,
    sql`SELECT s.sample_key, s.external_id, substr(t.prompt, ${from}, ${length}) AS prompt, substr(t.target, 1, ${length}) AS target,
          substr(o.body, 1, ${length}) AS output, x.score, x.verdict
        FROM scores x JOIN samples s ON s.sample_key = (x.score_key & 2147483647) JOIN sample_texts t USING (sample_key)
          LEFT JOIN outputs o ON o.score_key = x.score_key WHERE x.score_key = ${key}`,
  );
  if (row === undefined) return null;
  const { sample_key: sampleKey, external_id: id, verdict, ...rest } = row;
  return { sampleKey, id, ...rest, verdict: verdictOf(verdict) };
}

export const evaluationSampleReads = { evaluationSamples, evaluationSample };
