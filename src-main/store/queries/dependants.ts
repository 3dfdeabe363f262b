import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { ReadableDb, WritableDb } from '../database.ts';
import { all, run, sql, value } from '../database.ts';
import { findImport } from './imports.ts';
import type { Writer } from './marks.ts';
import { change } from './marks.ts';
import { markRemoved } from './removal.ts';

/** Removing things that others may depend on. */

export function refuseWhenCompared(db: ReadableDb, evaluationKey: number, name: string): void {
  const other = value<string>(
    db,
    sql`SELECT e.name FROM comparisons c JOIN evaluations e
          ON e.evaluation_key = CASE WHEN c.left_key = ${evaluationKey} THEN c.right_key ELSE c.left_key END
        WHERE c.left_key = ${evaluationKey} OR c.right_key = ${evaluationKey}`,
  );
  if (other === undefined) return;
  throw new WorkbenchError('conflict', `“${name}” is compared with “${other}”`, {
    remedy: 'Remove that comparison first.',
  });
}

/** Removes an evaluation with its comparisons; refused if a comparison holds somebody's work. */
export function removeEvaluation(writer: Writer, id: string): void {
  const { db } = writer;
  change(writer, ['evaluations', 'comparisons'], () => {
    const evaluation = all<{ key: number; name: string }>(
      db,
      sql`SELECT evaluation_key AS key, name FROM evaluations WHERE id = ${id} AND state = 'ready'`,
    )[0];
    if (evaluation === undefined) throw new WorkbenchError('not-found', 'This evaluation is not in the workspace');
    const annotated = value<number>(
      db,
      sql`SELECT count(*) FROM annotations WHERE comparison_key IN
            (SELECT comparison_key FROM comparisons WHERE left_key = ${evaluation.key} OR right_key = ${evaluation.key})`,
    );
    if ((annotated ?? 0) > 0) {
      throw new WorkbenchError('conflict', `Comparisons of “${evaluation.name}” carry ${annotated} annotations`, {
        remedy: 'Remove those comparisons first, if the annotations are no longer needed.',
      });
    }
    run(db, sql`DELETE FROM comparisons WHERE left_key = ${evaluation.key} OR right_key = ${evaluation.key}`);
    markRemoved(db, 'evaluations', evaluation.key);
  });
}

/** Marks an import undone and removes what it brought, unless something depends on it. */
export function undoImport(writer: Writer, id: string): void {
  const { db } = writer;
  change(writer, ['imports', 'datasets', 'suites', 'evaluations'], () => {
    const record = findImport(db, id);
    if (record === undefined) throw new WorkbenchError('not-found', 'This import is not in the workspace');
    if (record.undoneAt !== null) throw new WorkbenchError('conflict', `The import “${record.name}” is undone already`);
    undoDatasets(db, record.key);
    undoSuites(db, record.key);
    for (const { key, name } of all<{ key: number; name: string }>(
      db,
      sql`SELECT evaluation_key AS key, name FROM evaluations WHERE import_key = ${record.key} AND state = 'ready'`,
    )) {
      refuseWhenCompared(db, key, name);
      run(db, sql`UPDATE evaluations SET import_key = NULL WHERE evaluation_key = ${key}`);
      markRemoved(db, 'evaluations', key);
    }
    run(db, sql`UPDATE imports SET undone_at = ${Date.now()} WHERE import_key = ${record.key}`);
  });
}

function undoDatasets(db: WritableDb, importKey: number): void {
  for (const { key, id, name } of all<{ key: number; id: string; name: string }>(
    db,
    sql`SELECT dataset_key AS key, id, name FROM datasets WHERE import_key = ${importKey} AND state = 'ready'`,
  )) {
    const user = value<string>(db, sql`SELECT name FROM runs WHERE dataset_id = ${id}`);
    if (user !== undefined) {
      throw new WorkbenchError('conflict', `The run “${user}” was trained on “${name}”`, {
        remedy: 'Remove the run first.',
      });
    }
    run(db, sql`UPDATE datasets SET import_key = NULL WHERE dataset_key = ${key}`);
    markRemoved(db, 'datasets', key);
  }
}

function undoSuites(db: WritableDb, importKey: number): void {
  for (const { key, id, name } of all<{ key: number; id: string; name: string }>(
    db,
    sql`SELECT suite_key AS key, id, name FROM suites WHERE import_key = ${importKey} AND state = 'ready'`,
  )) {
    const user = value<string>(db, sql`SELECT name FROM evaluations WHERE suite_id = ${id} AND state = 'ready'`);
    if (user !== undefined) {
      throw new WorkbenchError('conflict', `The evaluation “${user}” was made with “${name}”`, {
        remedy: 'Remove the evaluation first.',
      });
    }
    run(db, sql`UPDATE suites SET import_key = NULL WHERE suite_key = ${key}`);
    markRemoved(db, 'suites', key);
  }
}
