import { WorkbenchError } from '../../../shared/domain/errors.ts';
import { parseAssignment } from '../../../workbench/runs/spec-changes.ts';
import { specObject } from '../../../workbench/runs/spec-text.ts';
import { sweepSpecs } from '../../../workbench/runs/sweep-specs.ts';
import type { SpecInput } from '../../../workbench/runs/spec-text.ts';
import type { Workbench } from '../../../workbench/workbench.ts';
import type { CommandContext } from '../context.ts';
import type { SweepFlags } from '../options/runs.ts';
import { exitStatus } from '../exit-status.ts';
import type { ExitStatus } from '../exit-status.ts';
import { plain, table } from '../terminal.ts';
import { requireSite, leave, showSubmission } from './at-site.ts';
import { tellSpecWarnings } from './warnings.ts';
import { followRun, readSpec, withAssignments } from './train.ts';

/** Queues one run for every combination and follows them in turn. One that fails does not keep the rest from running; one that is stopped does. */
export async function sweepCommand(context: CommandContext, spec: string, options: SweepFlags): Promise<ExitStatus> {
  requireSite(options);
  const { vary, set = [], site, atOnce } = options;
  const axes = vary.map(parseAxis);
  const workbench = await context.workbench();
  const { input, parentRunId } = await specOf(workbench, spec);
  const base = withAssignments(input, set);
  const each = sweepSpecs(specObject(base), axes).map((one) => ({ spec: one }));
  if (options.dryRun === true) return showSubmission(context, workbench, each, options);
  tellSpecWarnings(context, each);
  const runs = await workbench.runs.sweep(base, axes, { parentRunId, site, atOnce });
  if (options.detach === true) return leave(context, workbench, runs);
  let status: ExitStatus = exitStatus.ok;
  for (const [i, run] of runs.entries()) {
    const { status: one, ended } = await followRun(context, workbench, run);
    if (status === exitStatus.ok) status = one;
    if (site !== undefined && context.interrupted()) break;
    if (ended.status !== 'stopped' || site !== undefined) continue;
    // Stopped by hand: those that wait are not begun.
    for (const { id } of runs.slice(i + 1)) await workbench.runs.ask(id, 'stop');
    break;
  }
  const ended = await Promise.all(runs.map(({ id }) => workbench.runs.get(id)));
  context.terminal.document({ runs: ended });
  context.terminal.print(
    table(
      ['Run', 'Status', 'Step'],
      ended.map((run) => [plain(run.name), run.status, run.step]),
    ),
  );
  return status;
}

/** `path=a,b` or `path=[a, b]`. */
export function parseAxis(text: string): { path: string; values: unknown[] } {
  const at = text.indexOf('=');
  const given = text.slice(at + 1).trim();
  const { path, value } = parseAssignment(given.startsWith('[') ? text : `${text.slice(0, at + 1)}[${given}]`);
  if (Array.isArray(value) && value.length > 0) return { path, values: value };
  throw new WorkbenchError('bad-input', `“${text}” names no values.`, {
    remedy: 'Write path=value,value, for example guard.weight=0.1,0.5.',
  });
}

/** A file, or where there is none, a run of that name. */
async function specOf(workbench: Workbench, name: string): Promise<{ input: SpecInput; parentRunId?: string }> {
  const yaml = await readSpec(name).catch((error: unknown) => {
    if (error instanceof WorkbenchError && error.code === 'not-found') return null;
    throw error;
  });
  if (yaml !== null) return { input: { yaml } };
  const parent = await workbench.runs.find(name);
  return { input: { spec: { ...parent.spec } }, parentRunId: parent.id };
}
