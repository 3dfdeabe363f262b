import type { Doctor } from '../../../shared/contract/views.ts';
import { request } from '../../../workbench/contract/dispatch.ts';
import type { WorkspaceCheck } from '../../../workbench/workspace/check-workspace.ts';
import type { CommandContext } from '../context.ts';
import { exitStatus } from '../exit-status.ts';
import type { ExitStatus } from '../exit-status.ts';
import { table } from '../terminal.ts';
import { formatBytes } from '../../../shared/presentation/numbers.ts';

export async function doctorCommand(
  context: CommandContext,
  { check = false, repair = false, fix = false }: { check?: boolean; repair?: boolean; fix?: boolean },
): Promise<ExitStatus> {
  // From a checkout the launcher has done that already, before anything could open the library; this is for the packaged application.
  if (fix) await (await context.workbench()).settingUp.fix(context.task);
  return check || repair ? checkCommand(context, repair) : examine(context);
}

async function checkCommand({ terminal, workbench, task }: CommandContext, repair: boolean): Promise<ExitStatus> {
  const result = await (await workbench()).checkWorkspace({ repair }, task);
  terminal.settle();
  terminal.document(result);
  terminal.print(describeCheck(result));
  return result.findings.every(({ repaired }) => repaired) ? exitStatus.ok : exitStatus.no;
}

function describeCheck({ checked, findings }: WorkspaceCheck): string {
  const { runs, checkpoints, models, reports } = checked;
  const scope = `Checked the database, ${runs} runs, ${checkpoints} checkpoints, ${models} models, ${reports} reports.`;
  const lines = findings.map(({ message, remedy, repaired }) =>
    repaired ? `✓ ${message}\n  Repaired.` : `! ${message}\n  ${remedy}`,
  );
  const left = findings.filter(({ repaired }) => !repaired).length;
  const sum =
    findings.length === 0 ? 'Everything is as it was recorded.' : `${findings.length} findings, ${left} left.`;
  return [scope, ...lines, sum].join('\n');
}

async function examine({ terminal, workbench, task }: CommandContext): Promise<ExitStatus> {
  const { handle } = await workbench();
  task.progress('trying every backend', null);
  const doctor = await request(handle, 'workspace.doctor', {});
  terminal.settle();
  terminal.document(doctor);
  terminal.print(describe(doctor));
  return doctor.backend.selected === null ? exitStatus.no : exitStatus.ok;
}

function describe({ backend, workspace, machine, problems }: Doctor): string {
  const versions = Object.entries(backend.versions).map(([name, version]) => `${name} ${version}`);
  const facts: [string, string][] = [
    ['Backend', backend.selected === null ? 'none' : `${backend.selected} on ${backend.device ?? 'unknown'}`],
    ['Versions', [...versions, `node ${machine.node}`].join(', ')],
    ['Machine', `${machine.platform}, ${machine.cpus} processors, ${formatBytes(machine.memoryBytes)} memory`],
    ['Workspace', workspace.path],
    [
      '',
      `${formatBytes(workspace.sizeBytes)} used, ${formatBytes(workspace.freeBytes)} free, schema ${workspace.schemaVersion}, integrity: ${workspace.integrity}`,
    ],
  ];
  const backends = backend.backends.map(({ name, available, detail }) => [name, available ? 'yes' : 'no', detail]);
  const advice = problems.map(({ message, remedy }) => `! ${message}\n  ${remedy}`);
  const parts = [
    facts.map(([label, value]) => `${label.padEnd(10)} ${value}`).join('\n'),
    table(['Backend', 'Here', 'What or why'], backends),
  ];
  return [...parts, ...advice].join('\n\n');
}
