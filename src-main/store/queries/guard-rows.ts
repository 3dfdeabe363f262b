import type { PreferenceRow } from '../../shared/domain/datasets.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { SuiteItem, SuiteKind } from '../../shared/domain/evaluations.ts';
import type { ReadableDb } from '../database.ts';
import { one, sql, value } from '../database.ts';
import { packKey } from '../keys.ts';
import { guardRowId } from './run-steps.ts';

/** The comparison that samples are chosen in. */
export interface GuardSource {
  leftKey: number;
  rightKey: number;
  suiteKind: SuiteKind | null;
  suiteId: string | null;
}

/**
 * A sample as a row to be held to. y_pre is what the old model said; of a `pairs` sample it is the chosen response, because there the
 * output is the rejected one. The rejected side is what the new model says instead. Null where there is nothing to hold to.
 */
export function guardRow(
  db: ReadableDb,
  source: GuardSource,
  sampleKey: number,
  rightSampleKey: number,
): PreferenceRow | null {
  const sample = one<Sample>(
    db,
    sql`SELECT s.external_id AS id, t.prompt, t.target FROM sample_texts t JOIN samples s USING (sample_key)
        WHERE t.sample_key = ${sampleKey}`,
  );
  if (sample === undefined) throw new WorkbenchError('not-found', `Sample ${sampleKey} is not in the workspace`);
  const left = output(db, source.leftKey, sampleKey);
  const right = output(db, source.rightKey, rightSampleKey);
  const guardTarget = source.suiteKind === 'pairs' ? sample.target : left || sample.target;
  if (guardTarget === null || guardTarget === '') return null;
  const row: PreferenceRow = {
    kind: 'preference',
    id: guardRowId(sampleKey),
    prompt: sample.prompt,
    chosen: sample.target ?? guardTarget,
    rejected: (source.suiteKind === 'pairs' ? left : right) ?? '',
    guardTarget,
  };
  const piece = runningText(db, source, sample);
  return piece === null ? row : withContext(row, piece);
}

interface Sample {
  id: string;
  prompt: string;
  target: string | null;
}

/** What stands in front of the piece that a sample scores, and what joins the two. */
interface RunningText {
  context: string;
  delimiter: string;
}

/** A word, a last word, an option: pieces of a text that goes on. Null where an answer is whole, or is a turn of a chat. */
function runningText(db: ReadableDb, { suiteKind, suiteId }: GuardSource, sample: Sample): RunningText | null {
  if (suiteKind !== 'words' && suiteKind !== 'cloze' && suiteKind !== 'choice') return null;
  const delimiter = delimiterOf(db, suiteId);
  if (suiteKind !== 'words') {
    const item = itemOf(db, suiteId, sample.id);
    return item?.kind === 'choice' && typeof item.prompt !== 'string' ? null : { context: sample.prompt, delimiter };
  }
  // The sample shows the end of what stands in front of its word; the suite has all of it.
  const mark = sample.id.lastIndexOf('@');
  const item = itemOf(db, suiteId, sample.id.slice(0, mark));
  if (item?.kind !== 'words') return { context: sample.prompt.replace(/^…\S*/, ''), delimiter: '' };
  const before = item.prompt === undefined || item.prompt === '' ? '' : item.prompt + delimiter;
  return { context: before + item.text.slice(0, Number(sample.id.slice(mark + 1))), delimiter: '' };
}

function withContext(row: PreferenceRow, { context, delimiter }: RunningText): PreferenceRow {
  const joined = (text: PreferenceRow['chosen']) => (typeof text === 'string' ? delimiter + text : text);
  return {
    ...row,
    prompt: context,
    chosen: joined(row.chosen),
    rejected: joined(row.rejected),
    guardTarget: joined(row.guardTarget ?? row.chosen),
    continues: true,
  };
}

function delimiterOf(db: ReadableDb, suiteId: string | null): string {
  const settings = value<string>(db, sql`SELECT settings FROM suites WHERE id = ${suiteId}`);
  const { delimiter } = JSON.parse(settings ?? '{}') as { delimiter?: string };
  return delimiter ?? ' ';
}

function itemOf(db: ReadableDb, suiteId: string | null, itemId: string): SuiteItem | null {
  const body = value<string>(
    db,
    sql`SELECT body FROM suite_items WHERE suite_key = (SELECT suite_key FROM suites WHERE id = ${suiteId})
        AND item_id = ${itemId}`,
  );
  return body === undefined ? null : (JSON.parse(body) as SuiteItem);
}

function output(db: ReadableDb, evaluation: number, sampleKey: number): string | null {
  return value<string>(db, sql`SELECT body FROM outputs WHERE score_key = ${packKey(evaluation, sampleKey)}`) ?? null;
}
