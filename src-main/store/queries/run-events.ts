import { evaluationName, weightsName } from '../../shared/presentation/names.ts';
import type { RunStatus } from '../../shared/domain/jobs.ts';
import type { EvaluationMark, TrainerEvent } from '../../shared/domain/trainer-events.ts';
import { WorkbenchError, assertNever } from '../../shared/domain/errors.ts';
import type { ErrorReport } from '../../shared/domain/errors.ts';
import { hashOfFiles } from '../../system/file-sums.ts';
import type { WritableDb } from '../database.ts';
import { all, inTransaction, one, run, sql, value } from '../database.ts';
import { newId, packKey } from '../keys.ts';
import { addEvaluation, finishEvaluation } from './evaluations.ts';
import type { ListName, Writer } from './marks.ts';
import { change } from './marks.ts';
import type { Interned } from './names.ts';
import { markRemoved } from './removal.ts';
import { enterState } from './runs.ts';
import { dropStepsAfter, RunSteps } from './run-steps.ts';
import { writeResults } from './samples.ts';
import { replaceEvaluation } from './supersede.ts';

interface RunHead {
  run_key: number;
  id: string;
  name: string;
  model_id: string;
  dataset_id: string;
  last_seq: number;
  folder: string;
}

/**
 * Applies a run's events in order, all in one transaction. Events at or below the run's `lastSeq` are skipped, so a run folder
 * can be replayed after a crash; half-received evaluations continue where they stopped.
 */
export function appendRunEvents(
  writer: Writer,
  interned: Interned,
  runId: string,
  events: readonly TrainerEvent[],
): { lastSeq: number; superseded: string[] } {
  return inTransaction(writer.db, () => {
    const head = one<RunHead>(
      writer.db,
      sql`SELECT run_key, id, name, model_id, dataset_id, last_seq, folder FROM runs WHERE id = ${runId}`,
    );
    // The run was removed while its trainer was still sending: nothing to keep, and no reason to fail.
    if (head === undefined) return { lastSeq: events.at(-1)?.seq ?? 0, superseded: [] };
    const fresh = events.filter((event) => event.seq > head.last_seq);
    refuseGaps(fresh, head.last_seq);
    const applied = new Appending(writer, interned, head);
    for (const event of fresh) applied.apply(event);
    applied.finish(fresh.at(-1)?.seq ?? head.last_seq);
    return { lastSeq: fresh.at(-1)?.seq ?? head.last_seq, superseded: applied.superseded };
  });
}

/** Every later replay would skip a gap. If refused, the events are still in the run folder and come again. */
function refuseGaps(fresh: readonly TrainerEvent[], lastSeq: number): void {
  fresh.forEach((event, i) => {
    const expected = lastSeq + 1 + i;
    if (event.seq === expected) return;
    throw new WorkbenchError('conflict', `Event ${event.seq} came where ${expected} should follow`, {
      remedy: 'Replay the run folder’s events from there on.',
    });
  });
}

class Appending {
  readonly #db: WritableDb;
  readonly #writer: Writer;
  readonly #interned: Interned;
  readonly #head: RunHead;
  readonly #steps: RunSteps;
  readonly #changed = new Set<ListName>(['runs']);
  /** Comparisons that have to be built again because a resumed run repeated their evaluation. */
  readonly superseded: string[] = [];

  constructor(writer: Writer, interned: Interned, head: RunHead) {
    this.#db = writer.db;
    this.#writer = writer;
    this.#interned = interned;
    this.#head = head;
    this.#steps = new RunSteps(writer.db, head.run_key, head.dataset_id);
  }

  apply(event: TrainerEvent): void {
    switch (event.type) {
      case 'step':
        this.#steps.add(event);
        return;
      case 'started':
        this.#start(event);
        break;
      case 'evaluation-started':
        this.#dropPending(event.mark);
        this.#addPending(event.mark);
        break;
      case 'evaluation-batch':
        this.#receive(event.mark, event);
        break;
      case 'evaluation-done':
        this.#complete(event);
        break;
      case 'checkpoint':
        this.#addCheckpoint(event);
        break;
      case 'paused':
        this.#enter('paused', event.step);
        break;
      case 'resumed':
        this.#enter('running', event.step);
        break;
      case 'finished':
        this.#dropPending(null);
        this.#end(event.outcome === 'completed' ? 'finished' : 'stopped', event, null);
        break;
      case 'failed':
        this.#dropPending(null);
        this.#end('failed', event, event.error);
        break;
      case 'progress':
      case 'ledger':
      case 'samples':
      case 'row-scores':
      case 'estimate':
      case 'benchmark':
      case 'answer':
      case 'log':
        break;
      default:
        assertNever(event);
    }
    this.#keep(event);
  }

  finish(lastSeq: number): void {
    this.#steps.finish();
    run(this.#db, sql`UPDATE runs SET last_seq = ${lastSeq} WHERE run_key = ${this.#head.run_key}`);
    change(this.#writer, [...this.#changed], () => undefined);
  }

  /** Enters a state only from an earlier one: a run that was asked to stop is not shown as running again. */
  #enter(status: RunStatus, step: number): void {
    enterState(this.#db, this.#head.run_key, status);
    run(this.#db, sql`UPDATE runs SET step = ${step} WHERE run_key = ${this.#head.run_key}`);
  }

  #end(status: RunStatus, { at, step }: { at: number; step: number | null }, error: ErrorReport | null): void {
    const key = this.#head.run_key;
    if (!enterState(this.#db, key, status)) return;
    const text = error === null ? null : JSON.stringify(error);
    run(
      this.#db,
      sql`UPDATE runs SET step = coalesce(${step}, step), ended_at = ${at}, error = ${text} WHERE run_key = ${key}`,
    );
  }

  /** Keeps the event itself, for those who follow the run. Results of a batch are in `scores` and are left out here. */
  #keep(event: TrainerEvent): void {
    const { seq, at, ...body } = event.type === 'evaluation-batch' ? { ...event, results: [] } : event;
    run(
      this.#db,
      sql`INSERT OR REPLACE INTO run_events (event_key, at, body) VALUES (${packKey(this.#head.run_key, seq)}, ${at}, ${JSON.stringify(body)})`,
    );
  }

  #start(event: Extract<TrainerEvent, { type: 'started' }>): void {
    this.#dropPending(null);
    enterState(this.#db, this.#head.run_key, 'running');
    run(
      this.#db,
      sql`UPDATE runs SET backend = ${JSON.stringify(event.backend)}, total_steps = ${event.totalSteps},
            started_at = coalesce(started_at, ${event.at}), ended_at = NULL, error = NULL WHERE run_key = ${this.#head.run_key}`,
    );
    // A run that ended before its first checkpoint starts over.
    const from = event.resumedAtStep ?? 0;
    this.#steps.finish();
    dropStepsAfter(this.#db, this.#head.run_key, from);
    this.#steps.reload();
    run(this.#db, sql`UPDATE runs SET step = ${from} WHERE run_key = ${this.#head.run_key}`);
  }

  #pending(mark: EvaluationMark): { key: number; id: string; scopeKey: number; metricNames: string[] } | undefined {
    const row = one<{ key: number; id: string; scope_key: number; metric_names: string }>(
      this.#db,
      sql`SELECT evaluation_key AS key, id, scope_key, metric_names FROM evaluations
          WHERE run_key = ${this.#head.run_key} AND step = ${mark.step} AND suite_id = ${mark.suiteId} AND state = 'receiving' AND owner IS NULL`,
    );
    if (row === undefined) return undefined;
    return { key: row.key, id: row.id, scopeKey: row.scope_key, metricNames: JSON.parse(row.metric_names) as string[] };
  }

  #addPending(mark: EvaluationMark): ReturnType<typeof addEvaluation> {
    const { run_key, name, model_id } = this.#head;
    const checkpointId = value<string>(
      this.#db,
      sql`SELECT id FROM checkpoints WHERE run_key = ${run_key} AND step = ${mark.step}`,
    );
    return addEvaluation(this.#db, null, {
      name: evaluationName(weightsName(name, mark.step), mark.suiteName),
      suiteId: mark.suiteId,
      suiteName: mark.suiteName,
      ...(mark.suiteKind === undefined ? {} : { suiteKind: mark.suiteKind }),
      // Before the first step the policy is the model itself.
      modelId: mark.step === 0 ? model_id : null,
      runKey: run_key,
      checkpointId: checkpointId ?? null,
      step: mark.step,
      decoding: null,
    });
  }

  #receive(mark: EvaluationMark, event: Extract<TrainerEvent, { type: 'evaluation-batch' }>): void {
    const target = this.#pending(mark) ?? this.#addPending(mark);
    writeResults(this.#db, this.#interned, target, event.results);
  }

  #complete(event: Extract<TrainerEvent, { type: 'evaluation-done' }>): void {
    const { mark, decoding } = event;
    const pending = this.#pending(mark) ?? this.#addPending(mark);
    const earlier = one<{ key: number }>(
      this.#db,
      sql`SELECT evaluation_key AS key FROM evaluations
          WHERE run_key = ${this.#head.run_key} AND step = ${mark.step} AND suite_id = ${mark.suiteId} AND state = 'ready'`,
    );
    run(
      this.#db,
      sql`UPDATE evaluations SET decoding = ${decoding === null ? null : JSON.stringify(decoding)}, created_at = ${event.at}
          WHERE evaluation_key = ${pending.key}`,
    );
    finishEvaluation(this.#db, pending.key, { importKey: null, summary: event.summary });
    if (earlier !== undefined) {
      this.superseded.push(...replaceEvaluation(this.#db, earlier.key, pending.key));
      this.#changed.add('comparisons');
    }
    this.#changed.add('evaluations');
  }

  /** Half-received evaluations of one mark, or all of the run. */
  #dropPending(mark: EvaluationMark | null): void {
    const pending = all<{ key: number; step: number; suite_id: string }>(
      this.#db,
      sql`SELECT evaluation_key AS key, step, suite_id FROM evaluations
          WHERE run_key = ${this.#head.run_key} AND state = 'receiving' AND owner IS NULL`,
    );
    for (const { key, step, suite_id } of pending) {
      if (mark !== null && (step !== mark.step || suite_id !== mark.suiteId)) continue;
      run(this.#db, sql`UPDATE evaluations SET run_key = NULL WHERE evaluation_key = ${key}`);
      markRemoved(this.#db, 'evaluations', key);
    }
  }

  #addCheckpoint(event: Extract<TrainerEvent, { type: 'checkpoint' }>): void {
    const { checkpoint } = event;
    const key = this.#head.run_key;
    const sha256 = hashOfFiles(checkpoint.sha256);
    run(
      this.#db,
      sql`INSERT INTO checkpoints (id, run_key, step, path, kind, size_bytes, sha256, state, created_at)
          VALUES (${newId('checkpoint')}, ${key}, ${checkpoint.step}, ${checkpoint.path}, ${checkpoint.kind},
                  ${checkpoint.sizeBytes}, ${sha256}, 'present', ${event.at})
          ON CONFLICT (run_key, step) DO UPDATE SET path = excluded.path, kind = excluded.kind, size_bytes = excluded.size_bytes,
            sha256 = excluded.sha256, state = 'present', created_at = excluded.created_at`,
    );
    run(
      this.#db,
      sql`UPDATE evaluations SET checkpoint_id = (SELECT id FROM checkpoints WHERE run_key = ${key} AND step = ${checkpoint.step})
          WHERE run_key = ${key} AND step = ${checkpoint.step} AND checkpoint_id IS NULL`,
    );
  }
}
