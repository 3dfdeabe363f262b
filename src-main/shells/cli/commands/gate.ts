import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { WorkbenchError } from '../../../shared/domain/errors.ts';
import { gateJUnit, gateMarkdown } from '../../../reports/gate-output.ts';
import { judgeGate } from '../../../reports/gate.ts';
import { asFileError } from '../../../workbench/workspace/file-errors.ts';
import { handOver, requireWritable } from '../own-files.ts';
import type { CommandContext } from '../context.ts';
import { exitStatus } from '../exit-status.ts';
import type { ExitStatus } from '../exit-status.ts';
import type { ClusteredRate, Rate } from '../../../shared/domain/statistics/comparison-summary.ts';
import type { Workbench } from '../../../workbench/workbench.ts';
import type { GateFlags } from '../options/comparisons.ts';
import type { KindLimit } from '../options/values.ts';
import { requireKind } from './flips.ts';
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
  if (
    flags.maxNfr === undefined &&
    flags.maxDrop === undefined &&
    flags.maxKind === undefined &&
    flags.maxExcess === undefined
  ) {
    throw new WorkbenchError('bad-input', 'There is no limit to judge by.', {
      remedy: 'Give --max-nfr, --max-drop or --max-kind, for example --max-nfr 0.02.',
    });
  }
  for (const file of [flags.markdown, flags.junit]) {
    if (file !== undefined) await requireWritable(path.resolve(file));
  }
  const workbench = await context.workbench();
  const comparison = await openComparison(context, workbench, left, right, flags);
  const summary = await workbench.comparisons.summary(comparison.id);
  const limits = {
    ...(flags.maxNfr === undefined ? {} : { maxNfr: flags.maxNfr }),
    ...(flags.maxDrop === undefined ? {} : { maxDrop: flags.maxDrop }),
    ...(flags.maxExcess === undefined ? {} : { maxExcess: flags.maxExcess }),
    kinds: await kindLimits(workbench, comparison.id, flags.maxKind ?? []),
  };
  const verdict = judgeGate(summary, limits);
  terminal.settle();
  terminal.document(verdict);
  const markdown = gateMarkdown(verdict);
  terminal.print(markdown);
  if (flags.markdown !== undefined) await writeOut(flags.markdown, markdown);
  if (flags.junit !== undefined) await writeOut(flags.junit, gateJUnit(verdict));
  return statuses[verdict.outcome];
}

/** The rate of each kind that a limit names. */
async function kindLimits(workbench: Workbench, comparisonId: string, asked: readonly KindLimit[]) {
  const limits: { kind: string; limit: number; rate: Rate | ClusteredRate }[] = [];
  for (const { kind, limit } of asked) {
    await requireKind(workbench, comparisonId, kind);
    limits.push({ kind, limit, rate: await workbench.comparisons.kindRate(comparisonId, kind) });
  }
  return limits;
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
