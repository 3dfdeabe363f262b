import type { EvaluationRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { idOf, idOrNull } from '../../shared/domain/ids.ts';
import type { DecodingSettings, SampleResult, SuiteKind } from '../../shared/domain/evaluations.ts';
import { type Measure, unknownMeasure } from '../../shared/domain/measures.ts';
import type { IngestOutcome } from '../api.ts';
import type { Query, ReadableDb, WritableDb } from '../database.ts';
import { all, each, one, run, sql, value } from '../database.ts';
import { firstKey, newId } from '../keys.ts';
import { float64sOf } from '../codec.ts';
import type { Interned } from './names.ts';
import { settleAttempts } from './attempts.ts';
import { scopeKey } from './names.ts';
import type { ResultTarget } from './samples.ts';
import { writeResults } from './samples.ts';

export interface EvaluationRow {
  evaluation_key: number;
  id: string;
  name: string;
  scope_key: number;
  suite_id: string | null;
  suite_name: string;
  suite_kind: SuiteKind | null;
  run_id: string | null;
  checkpoint_id: string | null;
  model_id: string | null;
  step: number | null;
  samples: number;
  right_count: number;
  wrong_count: number;
  tie_count: number;
  missing_count: number;
  mean_score: number | null;
  summary: string;
  decoding: string | null;
  import_id: string | null;
  created_at: number;
  metric_names: string;
  measure: string | null;
}

type EvaluationFilter = { runId?: string; checkpointId?: string; suiteId?: string };

const columns = `SELECT e.*, s.name AS suite_name, r.id AS run_id, i.id AS import_id FROM evaluations e
  JOIN scopes s USING (scope_key) LEFT JOIN runs r USING (run_key) LEFT JOIN imports i USING (import_key)
  WHERE e.state = 'ready'`;
const newestFirst = 'ORDER BY e.evaluation_key DESC';

/** Uses the most selective index; the other conditions narrow what it finds. */
export function evaluationsQuery({ runId, checkpointId, suiteId }: EvaluationFilter): Query {
  const where = (condition: string, id: string): Query => ({
    text: `${columns} AND ${condition} ${newestFirst}`,
    values: [id],
  });
  if (checkpointId !== undefined) return where('e.checkpoint_id = ?', checkpointId);
  if (runId !== undefined) return where('e.run_key = (SELECT run_key FROM runs WHERE id = ?)', runId);
  if (suiteId !== undefined) return where('e.suite_id = ?', suiteId);
  return { text: `${columns} ${newestFirst}`, values: [] };
}

export function listEvaluations(db: ReadableDb, filter: EvaluationFilter = {}): EvaluationRecord[] {
  return all<EvaluationRow>(db, evaluationsQuery(filter))
    .map(evaluationOf)
    .filter(
      (record) =>
        (filter.runId === undefined || record.runId === filter.runId) &&
        (filter.suiteId === undefined || record.suiteId === filter.suiteId),
    );
}

export function getEvaluation(db: ReadableDb, id: string): EvaluationRecord | null {
  const row = one<EvaluationRow>(db, { text: `${columns} AND e.id = ?`, values: [id] });
  return row === undefined ? null : evaluationOf(row);
}

export function evaluationKey(db: ReadableDb, id: string): number {
  const key = value<number>(db, sql`SELECT evaluation_key FROM evaluations WHERE id = ${id} AND state = 'ready'`);
  if (key === undefined) throw new WorkbenchError('not-found', 'This evaluation is not in the workspace');
  return key;
}

export interface EvaluationHead {
  name: string;
  suiteId: string | null;
  suiteName: string;
  /** For a suite that this workspace does not have: its kind, as given by whoever evaluated it. */
  suiteKind?: SuiteKind;
  modelId: string | null;
  runKey: number | null;
  checkpointId: string | null;
  step: number | null;
  decoding: DecodingSettings | null;
  /** What judged its samples, as far as known at the beginning. */
  measure?: Measure | null;
}

/** A new evaluation that is not shown yet. Without an owner it belongs to its run's events and waits for them. */
export function addEvaluation(
  db: WritableDb,
  owner: string | null,
  head: EvaluationHead,
): ResultTarget & { id: string } {
  const id = newId('eval');
  const scope = scopeKey(db, head.suiteName.toWellFormed());
  const known =
    head.suiteId === null ? undefined : value<string>(db, sql`SELECT kind FROM suites WHERE id = ${head.suiteId}`);
  const kind = known ?? head.suiteKind ?? null;
  const { key } = run(
    db,
    sql`INSERT INTO evaluations (id, name, scope_key, suite_id, suite_kind, run_key, checkpoint_id, model_id, step, decoding, measure, created_at, state, owner)
        VALUES (${id}, ${head.name}, ${scope}, ${head.suiteId}, ${kind}, ${head.runKey}, ${head.checkpointId}, ${head.modelId},
                ${head.step}, ${jsonOrNull(head.decoding)}, ${jsonOrNull(head.measure)}, ${Date.now()}, 'receiving', ${owner})`,
  );
  return { id, key, scopeKey: scope, metricNames: [] };
}

/** For an evaluation made here: what was known at its beginning, and the number of answers per sample. */
function ownMeasure(db: ReadableDb, key: number, repeats: number): Measure | null {
  const text = value<string | null>(db, sql`SELECT measure FROM evaluations WHERE evaluation_key = ${key}`) ?? null;
  const known = text === null ? null : { ...unknownMeasure, ...(JSON.parse(text) as Measure) };
  return repeats > 1 ? { ...(known ?? unknownMeasure), repeats } : known;
}

/** Stores counts and means, and shows the evaluation. `summary` adds to and overrides the means of the samples' metrics. */
export function finishEvaluation(
  db: WritableDb,
  key: number,
  options: { importKey: number | null; summary?: Record<string, number>; measure?: Measure },
): void {
  const repeats = settleAttempts(db, key);
  const measure = options.measure ?? ownMeasure(db, key, repeats);
  const tally = one<{ samples: number; right: number; wrong: number; tie: number; mean: number | null }>(
    db,
    sql`SELECT count(*) AS samples, coalesce(sum(verdict = 1), 0) AS right, coalesce(sum(verdict = 2), 0) AS wrong,
          coalesce(sum(verdict = 3), 0) AS tie, avg(score) AS mean
        FROM scores WHERE score_key >= ${firstKey(key)} AND score_key < ${firstKey(key + 1)}`,
  ) ?? { samples: 0, right: 0, wrong: 0, tie: 0, mean: null };
  const summary = { ...metricMeans(db, key), ...options.summary };
  run(
    db,
    sql`UPDATE evaluations SET samples = ${tally.samples}, right_count = ${tally.right}, wrong_count = ${tally.wrong},
          tie_count = ${tally.tie}, missing_count = ${tally.samples - tally.right - tally.wrong - tally.tie},
          mean_score = ${tally.mean === null || Number.isNaN(tally.mean) ? null : tally.mean},
          summary = ${JSON.stringify(summary)}, measure = ${jsonOrNull(measure)},
          import_key = ${options.importKey}, state = 'ready', owner = NULL
        WHERE evaluation_key = ${key}`,
  );
}

/** Mean of each metric over the samples that have a finite value for it. */
function metricMeans(db: ReadableDb, key: number): Record<string, number> {
  const names = metricNames(db, key);
  if (names.length === 0) return {};
  const sums = names.map(() => 0);
  const counts = names.map(() => 0);
  for (const row of each<{ metrics: Uint8Array }>(
    db,
    sql`SELECT metrics FROM scores WHERE score_key >= ${firstKey(key)} AND score_key < ${firstKey(key + 1)} AND metrics IS NOT NULL`,
  )) {
    float64sOf(row.metrics).forEach((number, i) => {
      if (!Number.isFinite(number)) return;
      sums[i] = (sums[i] ?? 0) + number;
      counts[i] = (counts[i] ?? 0) + 1;
    });
  }
  const means = names.map((name, i): [string, number] => [name, (sums[i] ?? 0) / (counts[i] ?? 0)]);
  return Object.fromEntries(means.filter(([, mean]) => Number.isFinite(mean)));
}

export function metricNames(db: ReadableDb, key: number): string[] {
  const names = value<string>(db, sql`SELECT metric_names FROM evaluations WHERE evaluation_key = ${key}`);
  return names === undefined ? [] : (JSON.parse(names) as string[]);
}

/** An evaluation while its samples arrive from an import or from the workbench. */
export class EvaluationDraft {
  readonly key: number;
  readonly id: string;
  readonly #db: WritableDb;
  readonly #interned: Interned;
  readonly #target: ResultTarget;
  rows = 0;

  constructor(db: WritableDb, interned: Interned, owner: string, head: EvaluationHead) {
    this.#db = db;
    this.#interned = interned;
    const target = addEvaluation(db, owner, head);
    this.#target = target;
    this.key = target.key;
    this.id = target.id;
  }

  add(results: readonly SampleResult[]): void {
    const namesBefore = this.#target.metricNames.length;
    try {
      writeResults(this.#db, this.#interned, this.#target, results);
    } catch (error) {
      // The batch is rolled back, including the names that it added.
      this.#target.metricNames.length = namesBefore;
      throw error;
    }
    this.rows += results.length;
  }

  finish(importKey: number | null, { summary, measure }: Pick<IngestOutcome, 'summary' | 'measure'> = {}): void {
    finishEvaluation(this.#db, this.key, {
      importKey,
      ...(summary === undefined ? {} : { summary }),
      ...(measure === undefined ? {} : { measure }),
    });
  }
}

function evaluationOf(row: EvaluationRow): EvaluationRecord {
  return {
    id: idOf('evaluation', row.id),
    name: row.name,
    suiteId: idOrNull('suite', row.suite_id),
    suiteName: row.suite_name,
    suiteKind: row.suite_kind,
    runId: idOrNull('run', row.run_id),
    checkpointId: idOrNull('checkpoint', row.checkpoint_id),
    modelId: idOrNull('model', row.model_id),
    step: row.step,
    samples: row.samples,
    right: row.right_count,
    wrong: row.wrong_count,
    tie: row.tie_count,
    missing: row.missing_count,
    meanScore: row.mean_score,
    summary: JSON.parse(row.summary) as Record<string, number>,
    decoding: row.decoding === null ? null : (JSON.parse(row.decoding) as DecodingSettings),
    importId: idOrNull('import', row.import_id),
    // What a later version added to a measure is unknown for an earlier import.
    measure: row.measure === null ? null : { ...unknownMeasure, ...(JSON.parse(row.measure) as Measure) },
    createdAt: row.created_at,
  };
}

function jsonOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value);
}

/** Names of the numbers that its samples have besides their scores. */
export function evaluationMetrics(db: ReadableDb, id: string): string[] {
  return metricNames(db, evaluationKey(db, id));
}

export const evaluationReads = { listEvaluations, getEvaluation, evaluationMetrics };
