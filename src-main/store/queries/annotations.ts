import type { Annotation } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { ComparisonCounts } from '../../shared/domain/flip-view.ts';
import type { ReadableDb, WritableDb } from '../database.ts';
import { all, one, run, sql, value } from '../database.ts';
import { newId } from '../keys.ts';
import type { Writer } from './marks.ts';
import { change } from './marks.ts';
import { loadComparison } from '../views/comparison.ts';
import { correctedCounts } from '../views/corrections.ts';
import { verdictCode, verdictOf } from './verdicts.ts';

/** How many undo steps are kept. */
const undoDepth = 100;

interface AnnotationRow {
  sample_key: number;
  label: number | null;
  note: string;
  left_verdict: number;
  right_verdict: number;
  reviewed: number;
  changed_at: number;
}

export function annotations(db: ReadableDb, comparisonId: string): Annotation[] {
  return all<AnnotationRow>(
    db,
    sql`SELECT * FROM annotations WHERE comparison_key = (SELECT comparison_key FROM comparisons WHERE id = ${comparisonId})
        ORDER BY sample_key`,
  ).map((row) => recordOf(row, comparisonId));
}

export function annotationOf(
  db: ReadableDb,
  comparisonKey: number,
  comparisonId: string,
  sampleKey: number,
): Annotation | null {
  const row = one<AnnotationRow>(
    db,
    sql`SELECT * FROM annotations WHERE comparison_key = ${comparisonKey} AND sample_key = ${sampleKey}`,
  );
  return row === undefined ? null : recordOf(row, comparisonId);
}

export type AnnotationChange = Partial<Omit<Annotation, 'comparisonId' | 'sampleKey' | 'changedAt'>>;

/** Changes what is given and leaves the rest; an annotation left empty is deleted. */
export function annotate(
  writer: Writer,
  comparisonId: string,
  sampleKeys: readonly number[],
  changes: AnnotationChange,
): { undoToken: string } {
  const { db } = writer;
  return change(writer, ['annotations', 'comparisons'], () => {
    const comparisonKey = value<number>(db, sql`SELECT comparison_key FROM comparisons WHERE id = ${comparisonId}`);
    if (comparisonKey === undefined) throw new WorkbenchError('not-found', 'This comparison is not in the workspace');
    const before: [number, Annotation | null][] = [];
    const given = Object.fromEntries(Object.entries(changes).filter(([, field]) => field !== undefined));
    for (const sampleKey of new Set(sampleKeys)) {
      const old = annotationOf(db, comparisonKey, comparisonId, sampleKey);
      before.push([sampleKey, old]);
      put(writer, comparisonKey, {
        ...(old ?? blank(comparisonId, sampleKey)),
        ...given,
        comparisonId,
        sampleKey,
        changedAt: Date.now(),
      });
    }
    if (before.some(([, old]) => corrects(old)) || corrects(given)) noteCorrections(db, comparisonId);
    return { undoToken: rememberUndo(writer, comparisonKey, before) };
  });
}

/** Restores what was there before `annotate`. A token works once. */
export function undoAnnotation(writer: Writer, token: string): void {
  const { db } = writer;
  change(writer, ['annotations', 'comparisons'], () => {
    const entry = one<{ comparison_key: number; body: string }>(
      db,
      sql`DELETE FROM undo_entries WHERE token = ${token} RETURNING comparison_key, body`,
    );
    if (entry === undefined) throw new WorkbenchError('not-found', 'This change cannot be undone any more');
    for (const [sampleKey, old] of JSON.parse(entry.body) as [number, Annotation | null][]) {
      if (old === null) remove(writer, entry.comparison_key, sampleKey);
      else put(writer, entry.comparison_key, old);
    }
    const id = value<string>(db, sql`SELECT id FROM comparisons WHERE comparison_key = ${entry.comparison_key}`);
    if (id !== undefined) noteCorrections(db, id);
  });
}

/** Whether a change sets a verdict, or an annotation has one set. */
function corrects(part: Partial<Annotation> | null): boolean {
  return part?.leftVerdict != null || part?.rightVerdict != null;
}

/** What lists show for a comparison with corrected verdicts, kept next to the counts as evaluated. */
export function noteCorrections(db: WritableDb, comparisonId: string): void {
  const row = one<{ counts: string; state: string }>(
    db,
    sql`SELECT counts, state FROM comparisons WHERE id = ${comparisonId}`,
  );
  if (row?.state !== 'ready') return;
  const comparison = loadComparison(db, comparisonId);
  const corrected = correctedCounts(comparison.columns, comparison.rule, comparison.judgements().corrections);
  const { corrected: _before, ...counts } = JSON.parse(row.counts) as ComparisonCounts;
  const now: ComparisonCounts = corrected === null ? counts : { ...counts, corrected };
  run(db, sql`UPDATE comparisons SET counts = ${JSON.stringify(now)} WHERE id = ${comparisonId}`);
}

function rememberUndo(writer: Writer, comparisonKey: number, before: [number, Annotation | null][]): string {
  const token = newId('undo');
  const { key } = run(
    writer.db,
    sql`INSERT INTO undo_entries (token, comparison_key, body) VALUES (${token}, ${comparisonKey}, ${JSON.stringify(before)})`,
  );
  run(writer.db, sql`DELETE FROM undo_entries WHERE undo_key <= ${key - undoDepth}`);
  return token;
}

function put(writer: Writer, comparisonKey: number, annotation: Annotation): void {
  if (saysNothing(annotation)) {
    remove(writer, comparisonKey, annotation.sampleKey);
    return;
  }
  run(
    writer.db,
    sql`INSERT OR REPLACE INTO annotations (comparison_key, sample_key, label, note, left_verdict, right_verdict, reviewed, changed_at)
        VALUES (${comparisonKey}, ${annotation.sampleKey}, ${annotation.label}, ${annotation.note},
                ${verdictCode(annotation.leftVerdict)}, ${verdictCode(annotation.rightVerdict)},
                ${annotation.reviewed ? 1 : 0}, ${annotation.changedAt})`,
  );
}

function remove(writer: Writer, comparisonKey: number, sampleKey: number): void {
  run(writer.db, sql`DELETE FROM annotations WHERE comparison_key = ${comparisonKey} AND sample_key = ${sampleKey}`);
}

function saysNothing({ label, note, leftVerdict, rightVerdict, reviewed }: Annotation): boolean {
  return label === null && note === '' && leftVerdict === null && rightVerdict === null && !reviewed;
}

function blank(comparisonId: string, sampleKey: number): Annotation {
  return {
    comparisonId,
    sampleKey,
    label: null,
    note: '',
    leftVerdict: null,
    rightVerdict: null,
    reviewed: false,
    changedAt: 0,
  };
}

function recordOf(row: AnnotationRow, comparisonId: string): Annotation {
  return {
    comparisonId,
    sampleKey: row.sample_key,
    label: row.label,
    note: row.note,
    leftVerdict: verdictOf(row.left_verdict),
    rightVerdict: verdictOf(row.right_verdict),
    reviewed: row.reviewed === 1,
    changedAt: row.changed_at,
  };
}

export const annotationReads = { annotations };
export const annotationWrites = { annotate, undoAnnotation };
