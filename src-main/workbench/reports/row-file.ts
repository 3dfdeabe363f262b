import { open } from 'node:fs/promises';
import type { ReportModel } from '../../shared/domain/reports/report-model.ts';
import { reportRowOf } from '../../shared/domain/reports/report-row.ts';
import { rowEncoder } from '../../reports/rows/row-encoder.ts';
import type { RowFormat } from '../../reports/rows/row-encoder.ts';
import { redactRow } from '../../reports/template.ts';
import type { Redaction } from '../../reports/template.ts';
import type { FlipFilter, FlipSort } from '../../shared/domain/flip-view.ts';
import type { Core } from '../core.ts';
import { throwIfCancelled } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';
import { formatCount } from '../../shared/presentation/numbers.ts';

export interface RowExport {
  comparisonId: string;
  filter: FlipFilter;
  sort: FlipSort;
  format: RowFormat;
}

/** Streams the rows of a comparison into a file: memory does not grow with their number (but for Parquet's). */
export async function writeFlipRows(
  core: Core,
  { comparisonId, filter, sort }: Omit<RowExport, 'format'>,
  { format, model, redact }: { format: RowFormat; model: ReportModel; redact: Redaction },
  file: string,
  task: Task,
): Promise<void> {
  const encoder = rowEncoder(format, model);
  const out = await open(file, 'w');
  let written = 0;
  try {
    await out.writeFile(encoder.begin());
    await core.store.streamFlips(comparisonId, filter, sort, async (batch) => {
      throwIfCancelled(task);
      const rows = batch.flatMap((row) => redactRow(reportRowOf(row), redact) ?? []);
      await out.writeFile(encoder.rows(rows));
      written += batch.length;
      task.progress(`${formatCount(written)} rows written`, null);
    });
    await out.writeFile(encoder.end());
  } finally {
    await out.close();
  }
}
