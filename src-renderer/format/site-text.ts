import type { Site, SiteJob, SiteReport } from '@shared/domain/sites.ts';
import { formatDuration } from '@shared/presentation/times.ts';

export function placeOfSite({ host, folder }: Site): string {
  return host === null ? `this machine, ${folder}` : `${host}:${folder}`;
}

/** What a job of the site asks for, as far as it was said. */
export function resourcesOf({ profile }: Site): string {
  const { partition, account, qos, time, gpus, cpus, memory, constraint } = profile;
  const named: [string, string | number | undefined][] = [
    ['partition', partition],
    ['account', account],
    ['QOS', qos],
    ['time', time],
    ['GPUs', gpus],
    ['processors', cpus],
    ['memory', memory],
    ['constraint', constraint],
  ];
  const given = named.filter(([, value]) => value !== undefined).map(([name, value]) => `${name} ${value}`);
  return given.length === 0 ? 'what the cluster gives by default' : given.join(' · ');
}

/** A run's job in a sentence; while the site is not heard of, that comes first. */
export function jobText({ says, trouble }: SiteJob): string {
  return trouble === null ? says : `Not heard of at the moment (${trouble}). Last: ${says}`;
}

/** What a doctor's job saw, as terms and facts. */
export function reportFacts({ scheduler, accounting, maxArraySize, job }: SiteReport): [string, string][] {
  const facts: [string, string][] = [
    ['Scheduler', `${scheduler}, accounting ${accounting ? 'on' : 'off'}, arrays of up to ${maxArraySize} tasks`],
  ];
  if (job === null) return facts;
  return [
    ...facts,
    ['Node', `${job.node}, after ${formatDuration(job.waitedMs)}`],
    ['GPUs', job.gpus.length === 0 ? 'none' : job.gpus.join(', ')],
    ['Backend', job.backend],
    ['Workbench', `${job.program || 'not found'}, Node ${job.node24 || 'none'}`],
    ['Folder', job.folderSeen ? 'seen from the node' : 'not seen from the node'],
    ['Clock', job.clockSkewMs === 0 ? 'agrees' : `${(job.clockSkewMs / 1000).toFixed(1)} s off`],
  ];
}
