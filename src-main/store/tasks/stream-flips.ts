import type { FlipExportRow } from '../api.ts';
import type { FlipFilter, FlipSort } from '../../shared/domain/flip-view.ts';
import type { ReadableDb } from '../database.ts';
import { loadComparison } from '../views/comparison.ts';
import { orderedRows } from '../views/flip-views.ts';
import { exportRows } from '../views/rows.ts';

/** Rows per batch of a streamed export. */
const exportBatch = 1000;
/** Characters per batch: a batch is copied from thread to thread. */
const batchCharacters = 8_000_000;
const readAtOnce = 10;

/** The whole rows of a view, in its order, a batch at a time. */
export async function streamFlips(
  db: ReadableDb,
  emit: (rows: FlipExportRow[]) => Promise<void>,
  comparisonId: string,
  filter: FlipFilter,
  sort: FlipSort,
): Promise<null> {
  db.raw.exec('BEGIN');
  const comparison = loadComparison(db, comparisonId);
  const order = orderedRows(comparison, filter, sort);
  let batch: FlipExportRow[] = [];
  let characters = 0;
  for (let from = 0; from < order.length; from += readAtOnce) {
    const rows = exportRows(comparison, order.subarray(from, from + readAtOnce), filter.verdicts);
    batch.push(...rows);
    characters += rows.reduce((sum, row) => sum + charactersOf(row), 0);
    if (batch.length < exportBatch && characters < batchCharacters) continue;
    await emit(batch);
    [batch, characters] = [[], 0];
  }
  if (batch.length > 0) await emit(batch);
  db.raw.exec('COMMIT');
  return null;
}

function charactersOf({ prompt, target, leftOutput, rightOutput }: FlipExportRow): number {
  return prompt.length + (target?.length ?? 0) + (leftOutput?.length ?? 0) + (rightOutput?.length ?? 0);
}
