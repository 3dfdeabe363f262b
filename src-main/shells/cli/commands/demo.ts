import { runDemo } from '../../../workbench/demo/index.ts';
import type { CommandContext } from '../context.ts';

/** Ends by naming the report it wrote. */
export async function demoCommand(
  { terminal, workbench, task }: CommandContext,
  { quick = false, seed = 0 }: { quick?: boolean; seed?: number },
): Promise<void> {
  const opened = await workbench();
  const { reportId, runIds } = await runDemo(opened, { quick, seed, task });
  const report = await opened.reports.fileOf(reportId);
  terminal.settle();
  terminal.document({ reportId, runIds, report });
  terminal.print(`Report: ${report}`);
}
