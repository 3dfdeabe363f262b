/**
 * Works on a workspace until it is killed: `node crash-child.ts FOLDER LOG SEED`. First it checks that everything that the log
 * says was acknowledged is there and nothing half-made is shown; then it imports, trains, compares and annotates. It writes each
 * acknowledgement to the log before it goes on, and a line to stdout at every step, so that the parent can choose its moment.
 */
import { appendFileSync, existsSync, readFileSync, writeSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { deepEqual } from 'node:assert/strict';
import Database from 'better-sqlite3';
import type { DatasetRecord, EvaluationRecord } from '../../src-main/shared/domain/entities.ts';
import type { SampleResult } from '../../src-main/shared/domain/evaluations.ts';
import { defaultRule } from '../../src-main/shared/domain/flips.ts';
import type { TrainerEvent } from '../../src-main/shared/domain/trainer-events.ts';
import { runSpecSchema } from '../../src-main/shared/domain/run-spec.ts';
import type { Store } from '../../src-main/store/api.ts';
import { databaseName, openStore } from '../../src-main/store/client.ts';

enableCompileCache();
const [folder = '', log = '', seed = '1'] = process.argv.slice(2);
const batchRows = 300;
const batches = 4;

type Acknowledged =
  | { kind: 'evaluation'; id: string; samples: number }
  | { kind: 'dataset'; id: string; rows: number }
  | { kind: 'events'; runId: string; lastSeq: number }
  | { kind: 'comparison'; id: string; negative: number }
  | { kind: 'annotation'; comparisonId: string; sampleKey: number; note: string };

function acknowledge(fact: Acknowledged): void {
  appendFileSync(log, `${JSON.stringify(fact)}\n`);
  tell(fact.kind);
}

function tell(what: string): void {
  writeSync(1, `${what}\n`);
}

function acknowledged(): Acknowledged[] {
  if (!existsSync(log)) return [];
  const lines = readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Acknowledged);
}

/** Everything that was acknowledged is there, whole. */
async function check(store: Store): Promise<void> {
  await store.settled();
  const evaluations = new Map<string, EvaluationRecord>(
    (await store.listEvaluations()).map((record) => [record.id, record]),
  );
  const datasets = new Map<string, DatasetRecord>((await store.listDatasets()).map((record) => [record.id, record]));
  for (const fact of acknowledged()) {
    if (fact.kind === 'evaluation') deepEqual(evaluations.get(fact.id)?.samples, fact.samples);
    if (fact.kind === 'dataset') deepEqual(datasets.get(fact.id)?.rows, fact.rows);
    if (fact.kind === 'events') {
      deepEqual(((await store.getRun(fact.runId))?.lastSeq ?? 0) >= fact.lastSeq, true);
      deepEqual((await store.runEvents(fact.runId, fact.lastSeq - 1, 1))[0]?.seq, fact.lastSeq);
    }
    if (fact.kind === 'comparison') {
      const record = await store.getComparison(fact.id);
      deepEqual([record?.state, record?.counts.kinds.negative], ['ready', fact.negative]);
    }
    if (fact.kind === 'annotation') {
      const notes = await store.annotations(fact.comparisonId);
      deepEqual(notes.find(({ sampleKey }) => sampleKey === fact.sampleKey)?.note, fact.note);
    }
  }
  checkWhole();
  for (const record of await store.listComparisons())
    deepEqual([record.state, record.counts.paired], ['ready', batchRows * batches]);
}

/** What is shown is complete, and what is half-made is gone, by the tables themselves. */
function checkWhole(): void {
  const db = new Database(join(folder, databaseName), { readonly: true });
  const answer = (text: string): unknown[] => db.prepare(text).raw().all();
  deepEqual(answer('PRAGMA integrity_check'), [['ok']]);
  deepEqual(answer('PRAGMA foreign_key_check'), []);
  const whole = batchRows * batches;
  deepEqual(answer(`SELECT id FROM evaluations WHERE state = 'ready' AND samples NOT IN (${whole}, 2)`), []);
  deepEqual(
    answer(`SELECT e.id FROM evaluations e WHERE e.state = 'ready' AND e.samples <>
      (SELECT count(*) FROM scores WHERE score_key >= e.evaluation_key << 31 AND score_key < (e.evaluation_key + 1) << 31)`),
    [],
  );
  deepEqual(answer(`SELECT id FROM datasets WHERE state = 'ready' AND rows <> ${whole}`), []);
  deepEqual(answer("SELECT id FROM evaluations WHERE state <> 'ready' AND owner IS NOT NULL"), []);
  deepEqual(
    answer(
      `SELECT build_key FROM comparison_builds WHERE build_key NOT IN (SELECT build_key FROM comparisons WHERE build_key IS NOT NULL)`,
    ),
    [],
  );
  db.close();
}

const spec = runSpecSchema.parse({
  name: 'r',
  model: 'm',
  dataset: { train: 'd' },
  algorithm: { kind: 'dpo' },
  steps: 1,
});

async function importEvaluation(store: Store, name: string, turn: number): Promise<string> {
  const ingest = await store.beginEvaluation({
    name,
    suiteId: null,
    suiteName: 'suite',
    modelId: null,
    runId: null,
    checkpointId: null,
    step: null,
    decoding: null,
    import: null,
  });
  for (let batch = 0; batch < batches; batch++) {
    const results = Array.from({ length: batchRows }, (_, i) => result(batch * batchRows + i, turn));
    tell('push');
    await ingest.push(results);
  }
  const id = await ingest.commit();
  acknowledge({ kind: 'evaluation', id, samples: batchRows * batches });
  return id;
}

function result(i: number, turn: number): SampleResult {
  const verdict = (i * 7 + turn * 13 + Number(seed)) % 5 < 2 ? 'wrong' : 'right';
  return {
    sampleId: String(i),
    prompt: `prompt ${i}`,
    output: `output ${i} ${turn}`,
    score: i,
    verdict,
    slices: [`s${i % 3}`],
  };
}

async function importDataset(store: Store): Promise<void> {
  const ingest = await store.beginDataset({ name: 'rows', kind: 'prompt', import: null });
  for (let batch = 0; batch < batches; batch++) {
    tell('push');
    await ingest.push(
      Array.from({ length: batchRows }, (_, i) => ({ kind: 'prompt', id: `${batch}-${i}`, prompt: `p${i}` })),
    );
  }
  acknowledge({ kind: 'dataset', id: await ingest.commit(), rows: batchRows * batches });
}

async function train(store: Store, turn: number): Promise<void> {
  const { id: runId } = await store.addRun({
    name: `run ${turn}`,
    status: 'queued',
    spec,
    modelId: 'm',
    datasetId: 'd',
    guardSetId: null,
    parentRunId: null,
    relation: null,
    sweepId: null,
    folder: 'runs/x',
    totalSteps: null,
    tags: [],
    note: '',
  });
  for (let first = 1; first <= 60; first += 12) {
    tell('steps');
    const { lastSeq } = await store.appendRunEvents(runId, [...steps(first, 10), ...evaluationEvents(first + 10)]);
    acknowledge({ kind: 'events', runId, lastSeq });
  }
}

function steps(first: number, count: number): TrainerEvent[] {
  return Array.from({ length: count }, (_, i) => ({
    type: 'step',
    seq: first + i,
    at: 1,
    step: first + i,
    epoch: 0,
    metrics: { loss: 1 / (first + i) },
    tables: { guarded: { sampleIds: ['0-1', '0-2'], metrics: { 'guard/fired': [0, 1] } } },
  }));
}

function evaluationEvents(seq: number): TrainerEvent[] {
  const mark = { suiteId: 'live', suiteName: 'live', step: seq };
  const results = [result(0, seq), result(1, seq)];
  return [
    { type: 'evaluation-batch', seq, at: 1, mark, results },
    { type: 'evaluation-done', seq: seq + 1, at: 1, mark, samples: 2, decoding: null, summary: {} },
  ];
}

async function compareAndAnnotate(store: Store, left: string, right: string): Promise<void> {
  const { id } = await store.openComparison(left, right, defaultRule);
  tell('building');
  const record = await store.buildComparison(id);
  acknowledge({ kind: 'comparison', id, negative: record.counts.kinds.negative });
  const { sampleKeys } = await store.flipVectors(id, { kinds: ['negative'] });
  const sampleKey = sampleKeys[0] ?? 0;
  const note = `note ${seed}`;
  await store.annotate(id, [sampleKey], { note });
  acknowledge({ kind: 'annotation', comparisonId: id, sampleKey, note });
}

const store = await openStore(folder, { checkIntegrity: false });
await check(store);
tell('checked');
if (seed === 'check') {
  await store.close();
} else {
  // Far more than any parent waits for.
  for (let turn = 0; turn < 1000; turn++) {
    const left = await importEvaluation(store, 'left', turn);
    const right = await importEvaluation(store, 'right', turn + 1);
    const training = train(store, turn);
    await compareAndAnnotate(store, left, right);
    await Promise.all([training, importDataset(store)]);
  }
}
