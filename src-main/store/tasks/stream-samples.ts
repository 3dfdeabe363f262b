import type { SampleResult } from '../../shared/domain/evaluations.ts';
import type { ReadableDb } from '../database.ts';
import { all, sql } from '../database.ts';
import { decodeMetrics } from '../codec.ts';
import { firstKey } from '../keys.ts';
import { attemptsOf } from '../queries/attempts.ts';
import { evaluationKey, metricNames } from '../queries/evaluations.ts';
import { nameOf, sliceNames } from '../queries/names.ts';
import { verdictOf } from '../queries/verdicts.ts';
import { resultTags, sampleTags } from '../views/tags.ts';

/** Samples read at once, and characters after which they are handed on: a batch is copied from thread to thread. */
const readAtOnce = 200;
const batchCharacters = 4_000_000;

interface SampleRow {
  score_key: number;
  sample_key: number;
  external_id: string;
  prompt: string;
  target: string | null;
  output: string | null;
  score: number | null;
  verdict: number;
  slice_set: number;
  cluster: number;
  metrics: Uint8Array | null;
  attempts: number;
  solved: number;
  fields: string | null;
}

/** An evaluation's samples as an import would bring them: written to a file, they import as the same evaluation. */
export async function streamSamples(
  db: ReadableDb,
  emit: (batch: SampleResult[]) => Promise<void>,
  id: string,
): Promise<null> {
  db.raw.exec('BEGIN');
  const key = evaluationKey(db, id);
  const read = { metrics: metricNames(db, key), hasAttempts: hasAttempts(db, key) };
  const slices = new Map<number, string[]>();
  let after = firstKey(key) - 1;
  for (;;) {
    const rows = rowsAfter(db, after, firstKey(key + 1));
    const last = rows.at(-1);
    if (last === undefined) break;
    const tagged = resultTags(db, after + 1, last.score_key);
    after = last.score_key;
    let batch: SampleResult[] = [];
    let characters = 0;
    for (const row of rows) {
      batch.push(resultOf(db, row, { ...read, resultTags: tagged.get(row.score_key) }, slices));
      characters += row.prompt.length + (row.target?.length ?? 0) + (row.output?.length ?? 0);
      if (characters < batchCharacters) continue;
      await emit(batch);
      [batch, characters] = [[], 0];
    }
    if (batch.length > 0) await emit(batch);
  }
  db.raw.exec('COMMIT');
  return null;
}

function rowsAfter(db: ReadableDb, after: number, end: number): SampleRow[] {
  return all<SampleRow>(
    db,
    sql`SELECT x.score_key, s.sample_key, s.external_id, t.prompt, t.target, o.body AS output, x.score, x.verdict, x.slice_set,
          x.cluster, x.metrics, x.attempts, x.solved, f.fields
        FROM scores x JOIN samples s ON s.sample_key = (x.score_key & 2147483647) JOIN sample_texts t USING (sample_key)
          LEFT JOIN outputs o ON o.score_key = x.score_key LEFT JOIN sample_fields f ON f.score_key = x.score_key
        WHERE x.score_key > ${after} AND x.score_key < ${end} ORDER BY x.score_key LIMIT ${readAtOnce}`,
  );
}

function hasAttempts(db: ReadableDb, key: number): boolean {
  const [from, to] = [firstKey(key), firstKey(key + 1)];
  return all(db, sql`SELECT 1 FROM attempts WHERE score_key >= ${from} AND score_key < ${to} LIMIT 1`).length > 0;
}

/** What is read for many samples at once. */
interface Known {
  metrics: readonly string[];
  hasAttempts: boolean;
  resultTags: readonly string[] | undefined;
}

function resultOf(
  db: ReadableDb,
  row: SampleRow,
  { metrics, hasAttempts: mayHave, resultTags: ofResult }: Known,
  slices: Map<number, string[]>,
): SampleResult {
  const numbers = decodeMetrics(row.metrics, metrics);
  const attempts = mayHave ? attemptsOf(db, row.score_key) : [];
  const names = slices.get(row.slice_set) ?? sliceNames(db, row.slice_set);
  slices.set(row.slice_set, names);
  const tags = sampleTags(db, row.sample_key);
  const cluster = row.cluster === 0 ? null : nameOf(db, row.cluster);
  return {
    sampleId: row.external_id,
    prompt: row.prompt,
    ...(row.target === null ? {} : { target: row.target }),
    output: row.output,
    score: row.score,
    verdict: verdictOf(row.verdict),
    ...(names.length === 0 ? {} : { slices: names }),
    ...(tags.length === 0 ? {} : { tags }),
    ...(ofResult === undefined ? {} : { resultTags: [...ofResult] }),
    ...(Object.keys(numbers).length === 0 ? {} : { metrics: numbers }),
    ...(cluster === null ? {} : { cluster }),
    ...(attempts.length === 0 ? {} : { attempts }),
    ...(attempts.length > 0 || row.attempts === 0 ? {} : { solved: { attempts: row.attempts, right: row.solved } }),
    ...(row.fields === null ? {} : { fields: JSON.parse(row.fields) as Record<string, string> }),
  };
}
