import path from 'node:path';
import { WorkbenchError } from '../../../shared/domain/errors.ts';
import type { Site, SiteReport } from '../../../shared/domain/sites.ts';
import { newSite } from '../../../workbench/sites/new-site.ts';
import type { CommandContext } from '../context.ts';
import { exitStatus } from '../exit-status.ts';
import type { ExitStatus } from '../exit-status.ts';
import type { SiteFlags } from '../options/sites.ts';
import { formatDuration } from '../../../shared/presentation/times.ts';
import { plain, table } from '../terminal.ts';

export async function siteAddCommand(context: CommandContext, flags: SiteFlags): Promise<void> {
  const { terminal } = context;
  if ((flags.local === true) === (flags.host !== undefined)) {
    throw new WorkbenchError('bad-input', 'A site is this machine (--local) or a host (--host NAME), one of the two.');
  }
  const { sites } = await context.workbench();
  const { name, folder, program, host } = flags;
  const place = host === undefined ? path.resolve(folder) : folder;
  const site = await sites.add(
    newSite({ name, host: host ?? null, folder: place, program, profile: profileOf(flags) }),
  );
  terminal.document(site);
  terminal.print(
    `Site “${plain(site.name)}”: ${placeOf(site)}. flipguard site doctor ${plain(site.name)} tries it out.`,
  );
}

function profileOf(flags: SiteFlags): Partial<Site['profile']> {
  const { partition, account, qos, time, timeMin, gpus, cpus, memory, constraint, setup, sbatch, requeues } = flags;
  const given = { partition, account, qos, time, timeMin, gpus, cpus, memory, constraint, setup, sbatch, requeues };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function placeOf({ host, folder }: Site): string {
  return plain(host === null ? `this machine, ${folder}` : `${host}:${folder}`);
}

export async function siteListCommand({ terminal, workbench }: CommandContext): Promise<void> {
  const { sites } = await workbench();
  const known = await sites.list();
  terminal.document(known);
  const rows = known.map((site) => [
    site.name,
    placeOf(site),
    site.profile.partition ?? null,
    site.profile.time ?? null,
    site.profile.gpus ?? null,
  ]);
  const none = 'No site yet. Add one: flipguard site add --name NAME --host HOST --folder DIR';
  terminal.print(known.length === 0 ? none : table(['Name', 'Place', 'Partition', 'Time', 'GPUs'], rows));
}

export async function siteRemoveCommand({ terminal, workbench }: CommandContext, name: string): Promise<void> {
  const { sites } = await workbench();
  await sites.remove(name);
  terminal.document({ removed: name });
  terminal.print(`Site “${plain(name)}” is forgotten; its folder is as it was.`);
}

export async function siteDoctorCommand(context: CommandContext, name: string): Promise<ExitStatus> {
  const { sites } = await context.workbench();
  const report = await sites.doctor(name, context.task);
  context.terminal.settle();
  context.terminal.document(report);
  context.terminal.print(describe(report));
  return report.problems.length === 0 ? exitStatus.ok : exitStatus.no;
}

function describe({ scheduler, accounting, maxArraySize, job, problems }: SiteReport): string {
  const facts: [string, string][] = [
    ['Scheduler', `${scheduler}, accounting ${accounting ? 'on' : 'off'}, arrays of up to ${maxArraySize} tasks`],
  ];
  if (job !== null) {
    facts.push(
      ['Node', `${job.node}, after ${formatDuration(job.waitedMs)}`],
      ['GPUs', job.gpus.length === 0 ? 'none' : job.gpus.join(', ')],
      ['Backend', job.backend],
      ['Workbench', `${job.program || 'not found'}, node ${job.node24 || 'none'}`],
      ['Folder', job.folderSeen ? 'seen from the node' : 'not seen from the node'],
      ['Clock', job.clockSkewMs === 0 ? 'agrees' : `${(job.clockSkewMs / 1000).toFixed(1)} s off`],
    );
  }
  const lines = facts.map(([label, value]) => `${label.padEnd(10)} ${plain(value)}`);
  return [...lines, ...problems.map((problem) => `! ${plain(problem)}`)].join('\n');
}
