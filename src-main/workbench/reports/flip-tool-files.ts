import { flipsOut } from '../../reports/flips-out.ts';
import type { FlipsOut, FlipTool } from '../../reports/flips-out.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { FlipFilter, FlipSort } from '../../shared/domain/flip-view.ts';
import { formatCount } from '../../shared/presentation/numbers.ts';
import { filterWords } from '../../shared/presentation/filter-words.ts';
import { titleOfComparison } from '../../shared/presentation/names.ts';
import type { FlipExportRow } from '../../store/api.ts';
import type { Comparisons } from '../comparing/comparisons.ts';
import type { Core } from '../core.ts';
import { partOf, throwIfCancelled } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';

export interface FlipsOutRequest {
  comparisonId: string;
  filter: FlipFilter;
  sort: FlipSort;
  tool: FlipTool;
}

/** What is behind the name of a tool's file. */
export const toolEndings: Record<FlipTool, string> = {
  trl: 'jsonl',
  promptfoo: 'json',
  'lm-eval': 'yaml',
  issue: 'md',
};

/** A list's samples as the files of another tool. `name` is that of the first file, by which a task finds its documents. */
export async function flipToolFiles(
  { core, comparisons }: { core: Core; comparisons: Comparisons },
  { comparisonId, filter, sort, tool }: FlipsOutRequest,
  { name, limit = Infinity }: { name: string; limit?: number | undefined },
  task: Task,
): Promise<FlipsOut & { samples: number }> {
  const comparison = await comparisons.get(comparisonId);
  await comparisons.kinds(comparisonId, {}, partOf(task, 0, 0.5));
  const rows: FlipExportRow[] = [];
  const enough = new Error('as many as were asked for');
  const reading = partOf(task, 0.5, 1);
  await core.store
    .streamFlips(comparisonId, filter, sort, async (batch) => {
      throwIfCancelled(task);
      for (const row of batch.slice(0, limit - rows.length)) rows.push(row);
      reading.progress('reading the samples', rows.length / Math.max(1, comparison.counts.paired));
      if (rows.length >= limit) throw enough;
    })
    .catch((error: unknown) => {
      if (error !== enough) throw error;
    });
  const out = flipsOut(tool, rows, { comparison: titleOfComparison(comparison), filter: filterWords(filter) });
  if (out.written === 0) throw nothingToWrite(tool, out.leftOut);
  const files = out.files.map(({ suffix, text }) => ({
    suffix,
    text: tool === 'lm-eval' && suffix === '' ? text.replace('DATA', () => JSON.stringify(`${name}.jsonl`)) : text,
  }));
  return { ...out, files, samples: rows.length };
}

function nothingToWrite(tool: FlipTool, leftOut: FlipsOut['leftOut']): WorkbenchError {
  const reasons = leftOut.map(({ count, why }) => ` ${formatCount(count)} ${why}.`);
  return new WorkbenchError('bad-input', `None of the samples can be written for ${tool}.${reasons.join('')}`, {
    remedy:
      leftOut.length === 0 ? 'The filter leaves no sample: choose others.' : 'Choose other samples or another tool.',
  });
}
