import type { PreferenceRow } from '../../shared/domain/datasets.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { SuiteKind } from '../../shared/domain/evaluations.ts';
import type { ReadableDb } from '../database.ts';
import { one, sql, value } from '../database.ts';
import { packKey } from '../keys.ts';
import { joiningIn } from './joining.ts';
import type { JoinedSample, Joining } from './joining.ts';
import { sliceNames } from './names.ts';
import { guardRowId } from './run-steps.ts';

/** The comparison in which samples are selected. */
export interface GuardSource {
  leftKey: number;
  rightKey: number;
  suiteKind: SuiteKind | null;
  suiteId: string | null;
}

/**
 * A sample as a row to hold the policy to. y_pre is what the old model said; for a `pairs` sample it is the chosen response, because
 * there the output is the rejected one. The rejected side is what the new model says instead. Null if there is nothing to hold to.
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
  const slices = sliceNames(db, sliceSet(db, source.leftKey, sampleKey));
  const row: PreferenceRow = {
    kind: 'preference',
    id: guardRowId(sampleKey),
    prompt: sample.prompt,
    chosen: sample.target ?? guardTarget,
    rejected: (source.suiteKind === 'pairs' ? left : right) ?? '',
    guardTarget,
    ...(slices.length === 0 ? {} : { tags: slices }),
  };
  const joining = joiningIn(db, source, sample);
  return joining.continues ? goingOn(row, joining) : row;
}

interface Sample extends JoinedSample {
  target: string | null;
}

function goingOn(row: PreferenceRow, { context, delimiter }: Joining): PreferenceRow {
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

/** 0: none. */
function sliceSet(db: ReadableDb, evaluation: number, sampleKey: number): number {
  return value<number>(db, sql`SELECT slice_set FROM scores WHERE score_key = ${packKey(evaluation, sampleKey)}`) ?? 0;
}

function output(db: ReadableDb, evaluation: number, sampleKey: number): string | null {
  return value<string>(db, sql`SELECT body FROM outputs WHERE score_key = ${packKey(evaluation, sampleKey)}`) ?? null;
}
