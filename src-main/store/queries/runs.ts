import { isAbsolute, join } from 'node:path';
import type { NewRecord } from '../api.ts';
import type { CheckpointRecord, RunRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { ErrorReport } from '../../shared/domain/errors.ts';
import type { RunStatus } from '../../shared/domain/jobs.ts';
import type { BackendInfo } from '../../shared/domain/trainer-events.ts';
import type { WithPlainIds } from '../../shared/domain/ids.ts';
import { idOf, idOrNull } from '../../shared/domain/ids.ts';
import { hasEnded, runTransitions } from '../../shared/domain/run-states.ts';
import { isRunOrigin } from '../../shared/domain/run-origin.ts';
import type { RunOrigin } from '../../shared/domain/run-origin.ts';
import type { RunSpec } from '../../shared/domain/run-spec.ts';
import type { ReadableDb, WritableDb } from '../database.ts';
import { all, one, run, sql, value } from '../database.ts';
import { firstKey, idFor } from '../keys.ts';
import type { Writer } from './marks.ts';
import { change } from './marks.ts';
import { markRemoved } from './removal.ts';
import { refuseWhenCompared } from './dependants.ts';

interface RunRow {
  run_key: number;
  id: string;
  name: string;
  status: RunStatus;
  spec: string;
  model_id: string;
  dataset_id: string;
  guard_set_id: string | null;
  parent_run_id: string | null;
  relation: RunRecord['relation'];
  sweep_id: string | null;
  folder: string;
  backend: string | null;
  step: number;
  total_steps: number | null;
  error: string | null;
  created_at: number;
  started_at: number | null;
  ended_at: number | null;
  last_seq: number;
  tags: string;
  note: string;
  origin: string | null;
}

export function listRuns(db: ReadableDb): RunRecord[] {
  return all<RunRow>(db, sql`SELECT * FROM runs ORDER BY run_key DESC`).map(runOf);
}

export function getRun(db: ReadableDb, id: string): RunRecord | null {
  const row = one<RunRow>(db, sql`SELECT * FROM runs WHERE id = ${id}`);
  return row === undefined ? null : runOf(row);
}

export function runKey(db: ReadableDb, id: string): number {
  const key = value<number>(db, sql`SELECT run_key FROM runs WHERE id = ${id}`);
  if (key === undefined) throw new WorkbenchError('not-found', 'This run is not in the workspace');
  return key;
}

export type NewRun = WithPlainIds<
  Omit<NewRecord<RunRecord>, 'lastSeq' | 'step' | 'backend' | 'error' | 'startedAt' | 'endedAt'>
>;
export type RunChange = Partial<Pick<RunRecord, 'tags' | 'note' | 'name'>>;
/** A change of state: whether it happened, and the run as it is now either way. */
export interface RunMove {
  moved: boolean;
  run: RunRecord;
}

export function addRun(writer: Writer, record: NewRun): RunRecord {
  const id = idFor('run', record.id);
  change(writer, ['runs'], () =>
    run(
      writer.db,
      sql`INSERT INTO runs (id, name, status, spec, model_id, dataset_id, guard_set_id, parent_run_id, relation, sweep_id,
            folder, total_steps, created_at, tags, note, origin)
          VALUES (${id}, ${record.name}, ${record.status}, ${JSON.stringify(record.spec)}, ${record.modelId}, ${record.datasetId},
            ${record.guardSetId}, ${record.parentRunId}, ${record.relation}, ${record.sweepId}, ${record.folder},
            ${record.totalSteps}, ${Date.now()}, ${JSON.stringify(record.tags)}, ${record.note},
            ${record.origin === undefined || record.origin === null ? null : JSON.stringify(record.origin)})`,
    ),
  );
  return existing(writer.db, id);
}

export function updateRun(writer: Writer, id: string, changes: RunChange): RunRecord {
  return change(writer, ['runs'], () => {
    const before = existing(writer.db, id);
    // A key that is present but undefined changes nothing; null clears.
    const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
    const after: RunRecord = { ...before, ...given };
    run(
      writer.db,
      sql`UPDATE runs SET tags = ${JSON.stringify(after.tags)}, note = ${after.note}, name = ${after.name} WHERE id = ${id}`,
    );
    return existing(writer.db, id);
  });
}

/** What is known about a run that was trained elsewhere: it grows while the run is followed. */
export type RunDescription = WithPlainIds<Pick<RunRecord, 'modelId' | 'datasetId' | 'spec' | 'totalSteps' | 'origin'>>;

export function describeRun(writer: Writer, id: string, description: RunDescription): RunRecord {
  const { modelId, datasetId, spec, totalSteps, origin } = description;
  return change(writer, ['runs'], () => {
    run(
      writer.db,
      sql`UPDATE runs SET model_id = ${modelId}, dataset_id = ${datasetId}, spec = ${JSON.stringify(spec)},
            total_steps = ${totalSteps}, origin = ${JSON.stringify(origin)} WHERE id = ${id} AND origin IS NOT NULL`,
    );
    return existing(writer.db, id);
  });
}

/** Notes that weights are not where they were, or are there again: their evaluations stay. */
export function markCheckpoint(writer: Writer, id: string, state: CheckpointRecord['state']): void {
  change(writer, ['runs'], () => run(writer.db, sql`UPDATE checkpoints SET state = ${state} WHERE id = ${id}`));
}

/**
 * Moves a run to a state if that is allowed from its present one (`runTransitions`); otherwise nothing happens. An end is noted with
 * its time and its error, if any; a run that is queued again has neither.
 */
export function moveRun(writer: Writer, id: string, to: RunStatus, error: ErrorReport | null = null): RunMove {
  return change(writer, ['runs'], () => {
    const moved = enterState(writer.db, runKey(writer.db, id), to);
    if (moved && (hasEnded(to) || to === 'queued')) {
      const endedAt = hasEnded(to) ? Date.now() : null;
      const text = error === null ? null : JSON.stringify(error);
      run(writer.db, sql`UPDATE runs SET ended_at = ${endedAt}, error = ${text} WHERE id = ${id}`);
    }
    return { moved, run: existing(writer.db, id) };
  });
}

/** Changes only the state, by the table; returns whether it did. */
export function enterState(db: WritableDb, key: number, to: RunStatus): boolean {
  const from = JSON.stringify(runTransitions[to]);
  const { changes } = run(
    db,
    sql`UPDATE runs SET status = ${to} WHERE run_key = ${key} AND status IN (SELECT value FROM json_each(${from}))`,
  );
  return changes > 0;
}

/** Forgets a run with its evaluations; its folder stays. Refused while it runs or while a comparison shows its evaluations. */
export function removeRun(writer: Writer, id: string): void {
  const { db } = writer;
  change(writer, ['runs', 'evaluations'], () => {
    const record = existing(db, id);
    if (!hasEnded(record.status)) {
      throw new WorkbenchError('conflict', `The run “${record.name}” is not over`, { remedy: 'Stop the run first.' });
    }
    const key = runKey(db, id);
    const evaluations = all<{ key: number; name: string }>(
      db,
      sql`SELECT evaluation_key AS key, name FROM evaluations WHERE run_key = ${key} AND state <> 'removed'`,
    );
    for (const evaluation of evaluations) refuseWhenCompared(db, evaluation.key, evaluation.name);
    for (const evaluation of evaluations) markRemoved(db, 'evaluations', evaluation.key);
    run(db, sql`UPDATE evaluations SET run_key = NULL WHERE run_key = ${key}`);
    run(db, sql`DELETE FROM checkpoints WHERE run_key = ${key}`);
    run(db, sql`DELETE FROM trained_samples WHERE run_key = ${key}`);
    run(db, sql`DELETE FROM run_steps WHERE step_key >= ${firstKey(key)} AND step_key < ${firstKey(key + 1)}`);
    run(db, sql`DELETE FROM run_step_samples WHERE step_key >= ${firstKey(key)} AND step_key < ${firstKey(key + 1)}`);
    run(db, sql`DELETE FROM run_step_answers WHERE step_key >= ${firstKey(key)} AND step_key < ${firstKey(key + 1)}`);
    run(db, sql`DELETE FROM run_events WHERE event_key >= ${firstKey(key)} AND event_key < ${firstKey(key + 1)}`);
    run(db, sql`DELETE FROM alerts WHERE run_key = ${key}`);
    run(db, sql`DELETE FROM runs WHERE run_key = ${key}`);
  });
}

interface CheckpointRow {
  id: string;
  run_id: string;
  folder: string;
  step: number;
  path: string;
  kind: CheckpointRecord['kind'];
  size_bytes: number;
  sha256: string;
  state: CheckpointRecord['state'];
  created_at: number;
}

const checkpointColumns = `SELECT c.*, r.id AS run_id, r.folder FROM checkpoints c JOIN runs r USING (run_key)`;

export function listCheckpoints(db: ReadableDb, runId?: string): CheckpointRecord[] {
  const query =
    runId === undefined
      ? { text: `${checkpointColumns} ORDER BY c.checkpoint_key`, values: [] }
      : {
          text: `${checkpointColumns} WHERE c.run_key = (SELECT run_key FROM runs WHERE id = ?) ORDER BY c.step`,
          values: [runId],
        };
  return all<CheckpointRow>(db, query).map(checkpointOf);
}

export function getCheckpoint(db: ReadableDb, id: string): CheckpointRecord | null {
  const row = one<CheckpointRow>(db, { text: `${checkpointColumns} WHERE c.id = ?`, values: [id] });
  return row === undefined ? null : checkpointOf(row);
}

/** Relative paths are joined to the run folder; they are absolute if it is. */
function checkpointOf(row: CheckpointRow): CheckpointRecord {
  return {
    id: idOf('checkpoint', row.id),
    runId: idOf('run', row.run_id),
    step: row.step,
    path: isAbsolute(row.path) ? row.path : join(row.folder, row.path),
    kind: row.kind,
    sizeBytes: row.size_bytes,
    sha256: row.sha256,
    state: row.state,
    createdAt: row.created_at,
  };
}

function existing(db: ReadableDb, id: string): RunRecord {
  const record = getRun(db, id);
  if (record === null) throw new WorkbenchError('not-found', 'This run is not in the workspace');
  return record;
}

function runOf(row: RunRow): RunRecord {
  return {
    id: idOf('run', row.id),
    name: row.name,
    status: row.status,
    spec: JSON.parse(row.spec) as RunSpec,
    modelId: idOf('model', row.model_id),
    datasetId: idOf('dataset', row.dataset_id),
    guardSetId: idOrNull('guard set', row.guard_set_id),
    parentRunId: idOrNull('run', row.parent_run_id),
    relation: row.relation,
    sweepId: idOrNull('sweep', row.sweep_id),
    folder: row.folder,
    backend: row.backend === null ? null : (JSON.parse(row.backend) as BackendInfo),
    step: row.step,
    totalSteps: row.total_steps,
    error: row.error === null ? null : (JSON.parse(row.error) as ErrorReport),
    createdAt: row.created_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    lastSeq: row.last_seq,
    tags: JSON.parse(row.tags) as string[],
    note: row.note,
    ...(row.origin === null ? {} : { origin: originOf(row.id, row.origin) }),
  };
}

function originOf(id: string, text: string): RunOrigin {
  const origin: unknown = JSON.parse(text);
  if (isRunOrigin(origin)) return origin;
  throw new WorkbenchError('corrupt', `The workspace does not say who trained run ${id}`);
}

export const runReads = { listRuns, getRun, listCheckpoints, getCheckpoint };
export const runWrites = { addRun, updateRun, describeRun, markCheckpoint, moveRun };
