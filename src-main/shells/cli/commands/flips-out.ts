import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { WorkbenchError } from '../../../shared/domain/errors.ts';
import type { ComparisonRecord, FlipFilter, FlipSort } from '../../../shared/domain/flip-view.ts';
import { flipsOut } from '../../../reports/flips-out.ts';
import type { FlipTool } from '../../../reports/flips-out.ts';
import type { FlipExportRow } from '../../../store/api.ts';
import { filterWords } from '../../../shared/presentation/filter-words.ts';
import { titleOfComparison } from '../../../shared/presentation/names.ts';
import { throwIfCancelled } from '../../../workbench/supervision/task.ts';
import { asFileError } from '../../../workbench/workspace/file-errors.ts';
import type { Workbench } from '../../../workbench/workbench.ts';
import type { CommandContext } from '../context.ts';
import type { FlipFlags } from '../options/comparisons.ts';
import { handOver } from '../own-files.ts';

/** The chosen samples as files of another tool. */
export async function writeFlipsOut(
  { terminal, task }: CommandContext,
  workbench: Workbench,
  comparison: ComparisonRecord,
  flags: FlipFlags & { as: FlipTool },
  chosen: { filter: FlipFilter; sort: FlipSort },
): Promise<void> {
  if (flags.out === undefined) {
    throw new WorkbenchError('bad-input', `--as ${flags.as} needs a file to write.`, {
      remedy: 'Name it with --out FILE.',
      place: { field: 'out' },
    });
  }
  await workbench.comparisons.kinds(comparison.id, {}, task);
  const rows: FlipExportRow[] = [];
  const enough = new Error('as many as were asked for');
  await workbench.core.store
    .streamFlips(comparison.id, chosen.filter, chosen.sort, async (batch) => {
      throwIfCancelled(task);
      rows.push(...batch.slice(0, (flags.limit ?? Infinity) - rows.length));
      if (rows.length >= (flags.limit ?? Infinity)) throw enough;
    })
    .catch((error: unknown) => {
      if (error !== enough) throw error;
    });
  const { files, written, leftOut } = flipsOut(flags.as, rows, {
    comparison: titleOfComparison(comparison),
    filter: filterWords(chosen.filter),
  });
  const out = path.resolve(flags.out);
  const paths: string[] = [];
  for (const { suffix, text } of files) {
    const file = out + suffix;
    const data = JSON.stringify(path.basename(`${out}.jsonl`));
    await writeFile(file, flags.as === 'lm-eval' && suffix === '' ? text.replace('DATA', data) : text).catch(
      (error: unknown) => {
        throw asFileError(error, file, 'written');
      },
    );
    await handOver(file);
    paths.push(file);
  }
  terminal.settle();
  terminal.document({ paths, written, leftOut });
  terminal.print(`${written} of ${rows.length} samples written to ${paths.join(' and ')}.`);
  for (const { count, why } of leftOut) terminal.print(`${count} ${why}.`);
}
