import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gateJUnit, gateMarkdown } from '../../../reports/gate-output.ts';
import { judgeGate } from '../../../reports/gate.ts';
import { asFileError } from '../../../workbench/workspace/file-errors.ts';
import { handOver } from '../own-files.ts';
import type { CommandContext } from '../context.ts';
import { exitStatus } from '../exit-status.ts';
import type { ExitStatus } from '../exit-status.ts';
import type { GateFlags } from '../options/comparisons.ts';
import { openComparison } from './compare.ts';

const statuses = { pass: exitStatus.ok, fail: exitStatus.no, undecided: exitStatus.input } as const;

/** For CI: the answer is the exit status. */
export async function gateCommand(
  context: CommandContext,
  left: string,
  right: string,
  flags: GateFlags,
): Promise<ExitStatus> {
  const { terminal } = context;
  const workbench = await context.workbench();
  const comparison = await openComparison(context, workbench, left, right, flags);
  const summary = await workbench.comparisons.summary(comparison.id);
  const limits = { maxNfr: flags.maxNfr, ...(flags.maxDrop === undefined ? {} : { maxDrop: flags.maxDrop }) };
  const verdict = judgeGate(summary, limits);
  terminal.settle();
  terminal.document(verdict);
  const markdown = gateMarkdown(verdict);
  terminal.print(markdown);
  if (flags.markdown !== undefined) await writeOut(flags.markdown, markdown);
  if (flags.junit !== undefined) await writeOut(flags.junit, gateJUnit(verdict));
  return statuses[verdict.outcome];
}

async function writeOut(file: string, text: string): Promise<void> {
  const out = path.resolve(file);
  try {
    await writeFile(out, text);
    await handOver(out);
  } catch (error) {
    throw asFileError(error, out, 'written');
  }
}
