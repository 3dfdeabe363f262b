import type { AnsweredPrompt, PromptTimeline } from '../../shared/domain/answered-prompts.ts';
import { meanReward } from '../../shared/domain/answered-prompts.ts';
import type { ReadableDb } from '../database.ts';
import { all, one, prepare, sql } from '../database.ts';
import { firstKey, packKey } from '../keys.ts';
import type { KeptAnswers } from './run-steps.ts';
import { runKey } from './runs.ts';

interface TrainedRow {
  trained_key: number;
  row_id: string;
  steps: Uint8Array;
}

/** Prompts that a run’s policy answered, in the order of their ids, from the one after `after` on; at most `limit`. */
export function answeredPrompts(db: ReadableDb, runId: string, after: string | null, limit: number): AnsweredPrompt[] {
  const key = runKey(db, runId);
  if (!hasAnswers(db, key)) return [];
  const found: AnsweredPrompt[] = [];
  let last = after ?? '';
  while (found.length < limit) {
    const rows = all<TrainedRow>(
      db,
      sql`SELECT trained_key, row_id, steps FROM trained_samples WHERE run_key = ${key} AND row_id > ${last}
          ORDER BY row_id LIMIT ${limit}`,
    );
    // Samples of a guard set are in the table too, but have no answers.
    found.push(...rows.flatMap((row) => answered(db, key, row) ?? []));
    if (rows.length < limit) break;
    last = rows.at(-1)?.row_id ?? last;
  }
  return found.slice(0, limit);
}

function hasAnswers(db: ReadableDb, key: number): boolean {
  const range = sql`SELECT 1 FROM run_step_answers WHERE step_key >= ${firstKey(key)} AND step_key < ${firstKey(key + 1)} LIMIT 1`;
  return one(db, range) !== undefined;
}

function answered(db: ReadableDb, key: number, row: TrainedRow): AnsweredPrompt | null {
  const seqs = seqsOf(row);
  const [first, last] = [answersAt(db, key, row, seqs.slice(0, 1))[0], answersAt(db, key, row, seqs.slice(-1))[0]];
  if (first === undefined || last === undefined) return null;
  const rewards = { firstReward: meanReward(first.outputs), lastReward: meanReward(last.outputs) };
  return { sampleId: row.row_id, prompt: first.prompt, times: seqs.length, ...rewards };
}

/** Everything that a run’s policy answered to one prompt, step by step; null if it never did. */
export function promptAnswers(db: ReadableDb, runId: string, sampleId: string): PromptTimeline | null {
  const key = runKey(db, runId);
  const row = trainedRow(db, key, sampleId);
  if (row === undefined) return null;
  const steps = answersAt(db, key, row, seqsOf(row)).sort((a, b) => a.step - b.step);
  const [first] = steps;
  if (first === undefined) return null;
  return { sampleId, prompt: first.prompt, steps: steps.map(({ step, outputs }) => ({ step, outputs })) };
}

function trainedRow(db: ReadableDb, key: number, sampleId: string): TrainedRow | undefined {
  return one<TrainedRow>(
    db,
    sql`SELECT trained_key, row_id, steps FROM trained_samples WHERE run_key = ${key} AND row_id = ${sampleId}`,
  );
}

function seqsOf({ steps }: TrainedRow): number[] {
  return Array.from(new Uint32Array(new Uint8Array(steps).buffer));
}

function answersAt(db: ReadableDb, key: number, { trained_key }: TrainedRow, seqs: readonly number[]) {
  const read = prepare(
    db,
    `SELECT s.step, json_extract(a.answers, '$."' || ? || '"') FROM run_steps s JOIN run_step_answers a USING (step_key)
     WHERE s.step_key = ?`,
    'array',
  );
  return seqs.flatMap((seq) => {
    const found = read.get(String(trained_key), packKey(key, seq)) as [number, string | null] | undefined;
    if (found === undefined || found[1] === null) return [];
    return [{ step: found[0], ...(JSON.parse(found[1]) as KeptAnswers[string]) }];
  });
}

export const stepAnswerReads = { answeredPrompts, promptAnswers };
