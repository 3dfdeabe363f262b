import type { FrozenStudy, StudyRecord } from '../../shared/domain/studies.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { idOf } from '../../shared/domain/ids.ts';
import type { ReadableDb } from '../database.ts';
import { all, inTransaction, one, run, sql, value } from '../database.ts';
import { idFor } from '../keys.ts';
import type { Writer } from './marks.ts';

interface StudyRow {
  id: string;
  name: string;
  frozen: string | null;
  created_at: number;
}

export function listStudies(db: ReadableDb): StudyRecord[] {
  return all<StudyRow>(db, sql`SELECT * FROM studies ORDER BY study_key DESC`).map(studyOf);
}

export function getStudy(db: ReadableDb, id: string): StudyRecord | null {
  const row = one<StudyRow>(db, sql`SELECT * FROM studies WHERE id = ${id}`);
  return row === undefined ? null : studyOf(row);
}

function studyOf({ id, name, frozen, created_at: createdAt }: StudyRow): StudyRecord {
  return {
    id: idOf('study', id),
    name,
    frozen: frozen === null ? null : (JSON.parse(frozen) as FrozenStudy),
    createdAt,
  };
}

/** Ids of the study's things by point. */
export function studyPoints(db: ReadableDb, studyId: string): Record<string, string> {
  const rows = all<{ point: string; thing: string }>(
    db,
    sql`SELECT point, thing_id AS thing FROM study_points
        WHERE study_key = (SELECT study_key FROM studies WHERE id = ${studyId}) ORDER BY point`,
  );
  return Object.fromEntries(rows.map(({ point, thing }) => [point, thing]));
}

/** The study of that name, created if there is none. */
export function openStudy(writer: Writer, name: string): StudyRecord {
  const id = idFor('study');
  return inTransaction(writer.db, () => {
    run(
      writer.db,
      sql`INSERT INTO studies (id, name, created_at) VALUES (${id}, ${name}, ${Date.now()}) ON CONFLICT (name) DO NOTHING`,
    );
    const row = one<StudyRow>(writer.db, sql`SELECT * FROM studies WHERE name = ${name}`);
    if (row === undefined) throw new WorkbenchError('internal', 'The study is not there.');
    return studyOf(row);
  });
}

/** Once and for all: a frozen study stays as it is. */
export function freezeStudy(writer: Writer, studyId: string, frozen: FrozenStudy): void {
  inTransaction(writer.db, () => {
    const { changes } = run(
      writer.db,
      sql`UPDATE studies SET frozen = ${JSON.stringify(frozen)} WHERE id = ${studyId} AND frozen IS NULL`,
    );
    if (changes === 0) throw new WorkbenchError('conflict', 'The settings of this study are frozen already.');
  });
}

export function setStudyPoint(writer: Writer, studyId: string, point: string, thingId: string): void {
  inTransaction(writer.db, () => {
    const key = value<number>(writer.db, sql`SELECT study_key FROM studies WHERE id = ${studyId}`);
    if (key === undefined) throw new WorkbenchError('not-found', 'This study is not in the workspace.');
    run(
      writer.db,
      sql`INSERT INTO study_points (study_key, point, thing_id) VALUES (${key}, ${point}, ${thingId})
          ON CONFLICT (study_key, point) DO UPDATE SET thing_id = excluded.thing_id`,
    );
  });
}

export const studyReads = { listStudies, getStudy, studyPoints };
export const studyWrites = { openStudy, freezeStudy, setStudyPoint };
