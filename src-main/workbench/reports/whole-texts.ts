import { open } from 'node:fs/promises';
import path from 'node:path';
import type { ReportModel } from '../../shared/domain/reports/report-model.ts';
import { wholeTextsEnding } from '../../shared/domain/reports/short-row.ts';
import type { Core } from '../core.ts';
import { throwIfCancelled } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';
import type { LongCase } from './comparison-parts.ts';

/** Where the whole texts of a report are kept: next to it, under its name. */
export function wholeTextsFile(report: string): string {
  const { dir, name } = path.parse(report);
  return path.join(dir, name + wholeTextsEnding);
}

/** The cases of a report whose texts it shortens; none where it leaves texts out. */
export function shortenedCases({ cases, redaction }: ReportModel, long: readonly LongCase[]): LongCase[] {
  if (redaction.texts) return [];
  const shown = new Set(cases.map(({ comparison, row }) => JSON.stringify([comparison, row.sampleId])));
  return long.filter(({ comparison, sampleId }) => shown.has(JSON.stringify([comparison, sampleId])));
}

/** Writes the whole texts of cases as NDJSON, one case at a time. */
export async function writeWholeTexts(
  { store }: Core,
  cases: readonly LongCase[],
  file: string,
  task: Task,
): Promise<void> {
  const out = await open(file, 'wx', 0o600);
  try {
    for (const { comparison, sampleId, comparisonId, sampleKey } of cases) {
      throwIfCancelled(task);
      const detail = await store.sampleDetail(comparisonId, sampleKey);
      if (detail === null) continue;
      const { prompt, target, left, right, annotation } = detail;
      const texts = { prompt, target, left: left?.output ?? null, right: right?.output ?? null };
      await out.writeFile(`${JSON.stringify({ comparison, sampleId, ...texts, note: annotation?.note ?? '' })}\n`);
    }
  } finally {
    await out.close();
  }
}
