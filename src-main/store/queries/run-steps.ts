import { promptHash } from '../../content-hash.ts';
import type { SampleMetricName } from '../../shared/domain/metrics.ts';
import { sampleTableNames } from '../../shared/domain/metrics.ts';
import type { SampledOutput, StepAnswers, StepEvent } from '../../shared/domain/trainer-events.ts';
import type { ReadableDb, WritableDb } from '../database.ts';
import { all, each, one, prepare, run, sql } from '../database.ts';
import type { SampleBlock } from '../codec.ts';
import { decodeSampleBlocks, encodeMetrics, encodeSampleBlocks } from '../codec.ts';
import { sourceOfRow } from '../../shared/domain/train-sources.ts';
import { firstKey, memberOf, packKey } from '../keys.ts';

/** The metric that says whether the guard fired on a sample in a step: > 0 when it did. */
const firedMetric = 'guard/fired' satisfies SampleMetricName;
/** Guard-set rows are named after the sample they come from. */
export const guardRowId = (sampleKey: number): string => `sample-${sampleKey}`;

/** What `run_step_answers` holds for a step, by the key of the trained sample. */
export type KeptAnswers = Record<string, { prompt: string; outputs: SampledOutput[] }>;

/** Steps of one run within one transaction: metric names are read once and written back once. */
export class RunSteps {
  readonly #db: WritableDb;
  readonly #runKey: number;
  readonly #datasetId: string;
  #names: string[] = [];
  #sampleNames: string[] = [];
  #namesGrew = false;
  #lastStep: number | null = null;

  constructor(db: WritableDb, runKey: number, datasetId: string) {
    this.#db = db;
    this.#runKey = runKey;
    this.#datasetId = datasetId;
    this.reload();
  }

  reload(): void {
    const names = metricNamesOf(this.#db, this.#runKey);
    this.#names = names.metrics;
    this.#sampleNames = names.samples;
    this.#namesGrew = false;
    this.#lastStep = null;
  }

  add(event: StepEvent): void {
    const key = packKey(this.#runKey, event.seq);
    const { blob, grew } = encodeMetrics({ ...event.metrics, ...event.others }, this.#names);
    this.#namesGrew ||= grew;
    prepare(
      this.#db,
      'INSERT OR REPLACE INTO run_steps (step_key, at, step, epoch, metrics) VALUES (?, ?, ?, ?, ?)',
    ).run(key, event.at, event.step, event.epoch, blob);
    this.#lastStep = event.step;
    if (Object.values(event.tables).some(({ sampleIds }) => sampleIds.length > 0)) this.#addSamples(key, event);
  }

  finish(): void {
    if (this.#namesGrew) {
      run(
        this.#db,
        sql`UPDATE runs SET metric_names = ${JSON.stringify(this.#names)}, sample_metric_names = ${JSON.stringify(this.#sampleNames)}
            WHERE run_key = ${this.#runKey}`,
      );
    }
    if (this.#lastStep !== null) {
      run(this.#db, sql`UPDATE runs SET step = ${this.#lastStep} WHERE run_key = ${this.#runKey}`);
    }
    this.#namesGrew = false;
  }

  /** The tables of a step in one blob. A sample that is in two of them was used once. */
  #addSamples(key: number, { tables, answers }: StepEvent): void {
    const used = new Set<string>();
    const blocks = sampleTableNames.map((name): SampleBlock => {
      const table = tables[name];
      if (table === undefined) return { keys: [], metrics: [] };
      const columns = Object.entries<number[]>({ ...table.metrics, ...table.others });
      const fired = columns.find(([metric]) => metric === firedMetric)?.[1];
      const keys = table.sampleIds.map((id, index) =>
        this.#use(id, {
          seq: memberOf(key),
          counted: used.has(id),
          fired: fired?.[index],
          prompt: table.prompts?.[index],
        }),
      );
      for (const id of table.sampleIds) used.add(id);
      return { keys, metrics: columns.map(([metric, values]) => [this.#nameIndex(metric), values]) };
    });
    prepare(this.#db, 'INSERT OR REPLACE INTO run_step_samples (step_key, samples) VALUES (?, ?)').run(
      key,
      encodeSampleBlocks(blocks),
    );
    if (answers !== undefined && answers.length > 0) this.#addAnswers(key, answers);
  }

  /** The samples are known by now: a step sends its answers along with its table. */
  #addAnswers(key: number, answers: readonly StepAnswers[]): void {
    const byKey: KeptAnswers = {};
    for (const { sampleId, prompt, outputs } of answers) {
      const trained = one<{ key: number }>(
        this.#db,
        sql`SELECT trained_key AS key FROM trained_samples WHERE run_key = ${this.#runKey} AND row_id = ${sampleId}`,
      );
      if (trained === undefined) continue;
      // A prompt may be drawn twice in a step.
      byKey[trained.key] = { prompt, outputs: [...(byKey[trained.key]?.outputs ?? []), ...outputs] };
    }
    run(
      this.#db,
      sql`INSERT OR REPLACE INTO run_step_answers (step_key, answers) VALUES (${key}, ${JSON.stringify(byKey)})`,
    );
  }

  #nameIndex(metric: string): number {
    if (!this.#sampleNames.includes(metric)) {
      this.#sampleNames.push(metric);
      this.#namesGrew = true;
    }
    return this.#sampleNames.indexOf(metric);
  }

  /** Counts a use of a training sample, unless this step was already counted, and its firing; returns the sample's key. */
  #use(
    rowId: string,
    {
      seq,
      counted,
      fired,
      prompt,
    }: { seq: number; counted: boolean; fired: number | undefined; prompt: string | undefined },
  ): number {
    const step = counted ? new Uint8Array() : new Uint8Array(new Uint32Array([seq]).buffer);
    const known = prepare(
      this.#db,
      `UPDATE trained_samples SET uses = uses + ?, steps = CAST(steps || ? AS BLOB),
         fired = CASE WHEN ? IS NULL THEN fired ELSE coalesce(fired, 0) + ? END
       WHERE run_key = ? AND row_id = ? RETURNING trained_key`,
      'value',
    ).get(counted ? 0 : 1, step, fired ?? null, firings(fired), this.#runKey, rowId) as number | undefined;
    if (known !== undefined) return known;
    const hashes = this.#hashes(rowId, prompt);
    return run(
      this.#db,
      sql`INSERT INTO trained_samples (run_key, row_id, content_hash, prompt_hash, uses, fired, steps)
          VALUES (${this.#runKey}, ${rowId}, ${hashes.content_hash}, ${hashes.prompt_hash}, 1,
                  ${fired === undefined ? null : firings(fired)}, ${step})`,
    ).key;
  }

  /** Content is what matches a training sample to evaluation samples. */
  #hashes(rowId: string, prompt: string | undefined): { content_hash: Buffer | null; prompt_hash: Buffer | null } {
    // In a mixture, row ids begin with the dataset's id.
    const source = sourceOfRow(rowId);
    const mixed =
      source === null
        ? undefined
        : one<{ content_hash: Buffer; prompt_hash: Buffer }>(
            this.#db,
            sql`SELECT content_hash, prompt_hash FROM dataset_rows
                WHERE dataset_key = (SELECT dataset_key FROM datasets WHERE id = ${source})
                  AND row_id = ${rowId.slice(source.length + 1)}`,
          );
    const guarded = /^sample-([0-9]{1,10})$/.exec(rowId)?.[1];
    return (
      one(
        this.#db,
        sql`SELECT content_hash, prompt_hash FROM dataset_rows
            WHERE dataset_key = (SELECT dataset_key FROM datasets WHERE id = ${this.#datasetId}) AND row_id = ${rowId}`,
      ) ??
      mixed ??
      (guarded === undefined
        ? undefined
        : one(this.#db, sql`SELECT content_hash, prompt_hash FROM samples WHERE sample_key = ${Number(guarded)}`)) ?? {
        content_hash: null,
        prompt_hash: prompt === undefined ? null : promptHash(prompt),
      }
    );
  }
}

function firings(fired: number | undefined): number {
  return fired !== undefined && fired > 0 ? 1 : 0;
}

export function metricNamesOf(db: ReadableDb, runKey: number): { metrics: string[]; samples: string[] } {
  const row = one<{ metric_names: string; sample_metric_names: string }>(
    db,
    sql`SELECT metric_names, sample_metric_names FROM runs WHERE run_key = ${runKey}`,
  );
  return {
    metrics: JSON.parse(row?.metric_names ?? '[]') as string[],
    samples: JSON.parse(row?.sample_metric_names ?? '[]') as string[],
  };
}

/** A resumed run continues from `step`: what came after it is trained again and is deleted here. */
export function dropStepsAfter(db: WritableDb, runKey: number, step: number): void {
  const from = firstKey(runKey);
  const to = firstKey(runKey + 1);
  const { changes } = run(
    db,
    sql`DELETE FROM run_steps WHERE step_key >= ${from} AND step_key < ${to} AND step > ${step}`,
  );
  if (changes === 0) return;
  run(
    db,
    sql`DELETE FROM run_step_samples WHERE step_key >= ${from} AND step_key < ${to}
          AND step_key NOT IN (SELECT step_key FROM run_steps WHERE step_key >= ${from} AND step_key < ${to})`,
  );
  run(
    db,
    sql`DELETE FROM run_step_answers WHERE step_key >= ${from} AND step_key < ${to}
          AND step_key NOT IN (SELECT step_key FROM run_steps WHERE step_key >= ${from} AND step_key < ${to})`,
  );
  recountTrained(db, runKey);
}

function recountTrained(db: WritableDb, runKey: number): void {
  const firedIndex = metricNamesOf(db, runKey).samples.indexOf(firedMetric);
  const counts = new Map<number, { uses: number; fired: number | null; seqs: number[] }>();
  for (const row of each<{ step_key: number; samples: Uint8Array }>(
    db,
    sql`SELECT step_key, samples FROM run_step_samples
        WHERE step_key >= ${firstKey(runKey)} AND step_key < ${firstKey(runKey + 1)} ORDER BY step_key`,
  )) {
    const counted = new Set<number>();
    for (const { keys, metrics } of decodeSampleBlocks(row.samples)) {
      const fired = metrics.find(([index]) => index === firedIndex)?.[1];
      keys.forEach((key, i) => {
        const entry = counts.get(key) ?? { uses: 0, fired: null, seqs: [] };
        if (!counted.has(key)) {
          entry.uses++;
          entry.seqs.push(memberOf(row.step_key));
        }
        if (fired !== undefined) entry.fired = (entry.fired ?? 0) + firings(fired[i]);
        counts.set(key, entry);
      });
      for (const key of keys) counted.add(key);
    }
  }
  for (const { key } of all<{ key: number }>(
    db,
    sql`SELECT trained_key AS key FROM trained_samples WHERE run_key = ${runKey}`,
  )) {
    const entry = counts.get(key);
    if (entry === undefined) run(db, sql`DELETE FROM trained_samples WHERE trained_key = ${key}`);
    else {
      const steps = new Uint8Array(new Uint32Array(entry.seqs).buffer);
      run(
        db,
        sql`UPDATE trained_samples SET uses = ${entry.uses}, fired = ${entry.fired}, steps = ${steps} WHERE trained_key = ${key}`,
      );
    }
  }
}
