import { contentHash, promptHash } from '../../content-hash.ts';
import type { Attempt, SampleResult, Verdict } from '../../shared/domain/evaluations.ts';
import type { WritableDb } from '../database.ts';
import { prepare, run, sql, value } from '../database.ts';
import { firstKey, packKey } from '../keys.ts';
import { encodeMetrics } from '../codec.ts';
import { naturalOrder, storable } from '../texts.ts';
import { writeAttempts } from './attempts.ts';
import type { Interned } from './names.ts';
import { verdictCode } from './verdicts.ts';

/** Where results go: the evaluation, the scope of its ids, and the metric names seen so far (grows). */
export interface ResultTarget {
  key: number;
  scopeKey: number;
  metricNames: string[];
}

/**
 * Writes results of one evaluation. A sample seen before (same scope, id and content) is found again; a result that arrives
 * twice replaces itself, so a replayed batch changes nothing.
 */
export function writeResults(
  db: WritableDb,
  interned: Interned,
  target: ResultTarget,
  results: readonly SampleResult[],
): void {
  const putScore = prepare(
    db,
    `INSERT INTO scores (score_key, score, verdict, length, slice_set, cluster, metrics, attempts, solved)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (score_key) DO UPDATE SET score = excluded.score, verdict = excluded.verdict, length = excluded.length,
       slice_set = excluded.slice_set, cluster = excluded.cluster, metrics = excluded.metrics,
       attempts = excluded.attempts, solved = excluded.solved`,
  );
  const has = prepare(db, 'SELECT 1 FROM scores WHERE score_key = ?', 'value');
  const putFields = prepare(db, 'INSERT OR REPLACE INTO sample_fields (score_key, fields) VALUES (?, ?)');
  const putOutput = prepare(db, 'INSERT OR REPLACE INTO outputs (score_key, body) VALUES (?, ?)');
  const dropOutput = prepare(db, 'DELETE FROM outputs WHERE score_key = ?');
  const putTag = prepare(db, 'INSERT OR IGNORE INTO sample_tags (sample_key, name_key) VALUES (?, ?)');
  const tagResult = resultTagger(db, interned, target.key);
  let grew = false;
  for (const result of results) {
    const sampleKey = findOrAddSample(db, target.scopeKey, result);
    const scoreKey = packKey(target.key, sampleKey);
    tagResult(scoreKey, result);
    if (result.attempts !== undefined) {
      writeAttempts(db, scoreKey, result);
      // Another answer to a sample already there; how it counts is settled when all have arrived.
      if ((result.attempts[0]?.number ?? 1) > 1 && has.get(scoreKey) !== undefined) continue;
    }
    const output = result.output === null ? null : storable(result.output, `output of “${result.sampleId}”`);
    const metrics = result.metrics === undefined ? emptyMetrics : encodeMetrics(result.metrics, target.metricNames);
    grew ||= metrics.grew;
    putScore.run(
      scoreKey,
      result.score,
      verdictCode(verdictOfSolved(result)),
      output === null ? 0 : output.length,
      interned.sliceSet(result.slices),
      result.cluster === undefined ? 0 : interned.name(result.cluster),
      metrics.blob,
      result.solved?.attempts ?? 0,
      result.solved?.right ?? 0,
    );
    if (result.fields !== undefined) putFields.run(scoreKey, JSON.stringify(result.fields));
    if (output === null) dropOutput.run(scoreKey);
    else putOutput.run(scoreKey, output);
    for (const tag of result.tags ?? []) putTag.run(sampleKey, interned.name(tag));
  }
  if (grew) {
    run(
      db,
      sql`UPDATE evaluations SET metric_names = ${JSON.stringify(target.metricNames)} WHERE evaluation_key = ${target.key}`,
    );
  }
}

/**
 * Writes the tags of a result in place of those that it had. An answer that joins others, in a record of its own, adds its tags to theirs,
 * in whatever order they arrive. Most evaluations have no such tag: then nothing is looked up, since a million results pass here.
 */
function resultTagger(
  db: WritableDb,
  interned: Interned,
  key: number,
): (scoreKey: number, result: SampleResult) => void {
  const [from, to] = [firstKey(key), firstKey(key + 1)];
  const any = sql`SELECT 1 FROM result_tags WHERE score_key >= ${from} AND score_key < ${to} LIMIT 1`;
  let mayBeTagged = value(db, any) !== undefined;
  const has = prepare(db, 'SELECT 1 FROM result_tags WHERE score_key = ? LIMIT 1', 'value');
  const put = prepare(db, 'INSERT OR IGNORE INTO result_tags (score_key, name_key) VALUES (?, ?)');
  const drop = prepare(db, 'DELETE FROM result_tags WHERE score_key = ?');
  const hasOthers = prepare(db, 'SELECT 1 FROM attempts WHERE score_key = ? AND number <> ? LIMIT 1', 'value');
  const isOneOfSeveral = (scoreKey: number, [answer, ...more]: readonly Attempt[]): boolean =>
    answer !== undefined &&
    more.length === 0 &&
    (answer.number > 1 || hasOthers.get(scoreKey, answer.number) !== undefined);
  return (scoreKey, { attempts = [], resultTags = [] }) => {
    if (mayBeTagged && has.get(scoreKey) !== undefined && !isOneOfSeveral(scoreKey, attempts)) drop.run(scoreKey);
    mayBeTagged ||= resultTags.length > 0;
    for (const tag of resultTags) put.run(scoreKey, interned.name(tag));
  };
}

/** If only the count of right answers is known, the verdict is that of the majority. */
function verdictOfSolved({ verdict, solved }: SampleResult): Verdict | null {
  if (solved === undefined || solved.attempts === 0) return verdict;
  const twice = 2 * solved.right;
  return twice > solved.attempts ? 'right' : twice < solved.attempts ? 'wrong' : 'tie';
}

const emptyMetrics = { blob: null, grew: false };

function findOrAddSample(db: WritableDb, scopeKey: number, result: SampleResult): number {
  const prompt = storable(result.prompt, `prompt of “${result.sampleId}”`);
  const wanted = result.target === undefined ? null : storable(result.target, `target of “${result.sampleId}”`);
  const order = naturalOrder(storable(result.sampleId, 'sample id'));
  const content = contentHash(prompt, wanted);
  const known = value<number>(
    db,
    sql`SELECT sample_key FROM samples WHERE scope_key = ${scopeKey} AND id_order = ${order} AND content_hash = ${content}`,
  );
  if (known !== undefined) return known;
  const { key } = run(
    db,
    sql`INSERT INTO samples (scope_key, external_id, id_order, content_hash, prompt_hash)
        VALUES (${scopeKey}, ${result.sampleId.toWellFormed()}, ${order}, ${content}, ${promptHash(prompt)})`,
  );
  run(db, sql`INSERT INTO sample_texts (sample_key, prompt, target) VALUES (${key}, ${prompt}, ${wanted})`);
  return key;
}

/**
 * Puts a tag on samples, in all their evaluations, or takes it off them. What an import says of one result (`result_tags`) is a fact of that
 * result and stays: a sample that loses the tag `error` is still found by it where its result ended in an error.
 */
export function tagSamples(
  db: WritableDb,
  interned: Interned,
  sampleKeys: readonly number[],
  tag: string,
  on: boolean,
): void {
  const nameKey = interned.name(tag.toWellFormed());
  const statement = prepare(
    db,
    on
      ? 'INSERT OR IGNORE INTO sample_tags (sample_key, name_key) VALUES (?, ?)'
      : 'DELETE FROM sample_tags WHERE sample_key = ? AND name_key = ?',
  );
  for (const sampleKey of sampleKeys) statement.run(sampleKey, nameKey);
}
