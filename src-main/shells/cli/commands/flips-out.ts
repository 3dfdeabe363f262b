import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { WorkbenchError } from '../../../shared/domain/errors.ts';
import type { ComparisonRecord, FlipFilter, FlipSort } from '../../../shared/domain/flip-view.ts';
import type { FlipTool } from '../../../reports/flips-out.ts';
import { flipToolFiles } from '../../../workbench/reports/flip-tool-files.ts';
import { asFileError } from '../../../workbench/workspace/file-errors.ts';
import type { Workbench } from '../../../workbench/workbench.ts';
import type { CommandContext } from '../context.ts';
import type { FlipFlags } from '../options/comparisons.ts';
import { handOver, requireWritable } from '../own-files.ts';

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
  const out = path.resolve(flags.out);
  await requireWritable(out);
  const { files, written, leftOut, samples } = await flipToolFiles(
    workbench,
    { comparisonId: comparison.id, tool: flags.as, ...chosen },
    { name: path.basename(out), limit: flags.limit },
    task,
  );
  const paths: string[] = [];
  for (const { suffix, text } of files) {
    const file = out + suffix;
    await writeFile(file, text).catch((error: unknown) => {
      throw asFileError(error, file, 'written');
    });
    await handOver(file);
    paths.push(file);
  }
  terminal.settle();
  terminal.document({ paths, written, leftOut });
  terminal.print(`${written} of ${samples} samples written to ${paths.join(' and ')}.`);
  for (const { count, why } of leftOut) terminal.print(`${count} ${why}.`);
}
