import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { RunRecord } from '../../src-main/shared/domain/entities.ts';
import type { Site } from '../../src-main/shared/domain/sites.ts';
import type { Pace } from '../../src-main/workbench/sites/follow.ts';
import type { Workbench } from '../../src-main/workbench/workbench.ts';
import { addTrainingMaterial, openTestWorkbench, smallModel, temporaryFolder, tinySpec } from '../helpers/workbench.ts';
import type { Cluster } from './cluster.ts';
import { whyNoSlurm } from './cluster.ts';
import { until } from './daemons.ts';

/** Why the tests on a real Slurm are not run; null where they are. They take minutes, so a command of their own asks for them. */
export function whyNoSlurmTests(): string | null {
  if (smallModel === null) return 'no small model is here';
  if (process.env.FLIPGUARD_TEST_SLURM !== '1') return 'npm run test:slurm runs them';
  return whyNoSlurm();
}

/** A cluster of our own may be asked as often as we like. */
export const testPace: Pace = { folderMs: 200, queueSoonMs: 400, queueMs: 1000, settleMs: 2500, absentMs: 30_000 };

export const checkout = path.resolve(import.meta.dirname, '..', '..');

export async function openSiteWorkbench(options: { folder?: string } = {}): Promise<Workbench> {
  const workbench = await openTestWorkbench({ sitePace: testPace, ...options });
  if (options.folder === undefined) await addTrainingMaterial(workbench, smallModel ?? '');
  return workbench;
}

export function addSite(
  workbench: Workbench,
  cluster: Cluster,
  changes: { name?: string; host?: string; profile?: Partial<Site['profile']> } = {},
): Promise<Site> {
  return workbench.sites.add({
    name: changes.name ?? 'here',
    host: changes.host ?? null,
    folder: temporaryFolder(),
    program: checkout,
    slurmConf: cluster.environment.SLURM_CONF,
    profile: changes.profile ?? {},
  });
}

/** Long enough to be interrupted, with a checkpoint every few steps. */
export function longSpec(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return tinySpec({ steps: 40, evaluate: { suites: [] }, checkpoint: { every: 10 }, ...changes });
}

export async function untilStep(workbench: Workbench, run: RunRecord, step: number): Promise<void> {
  await until(`step ${step} of ${run.name}`, async () => {
    const now = await workbench.runs.get(run.id);
    if (now.error !== null) throw new Error(now.error.message);
    return now.step >= step;
  });
}

/** Loss per step, as the store has it. */
export async function lossesOf(workbench: Workbench, run: RunRecord): Promise<(number | null)[]> {
  const [loss] = await workbench.core.store.runMetrics(run.id, { names: ['loss'], points: 10_000 });
  return loss?.values ?? [];
}

export function jobOf(workbench: Workbench, run: RunRecord): string {
  const job = workbench.sites.jobs().find(({ runId }) => runId === run.id);
  if (job === undefined) throw new Error(`${run.name} has no job`);
  return job.jobId;
}

/** Ends what the cluster still runs, so that the next test finds it idle. */
export function idleAfterwards(cluster: Cluster): void {
  onTestFinished(async () => {
    cluster.slurm('scancel', '--user=root');
    await until('an idle cluster', () => cluster.slurm('squeue', '-h', '-t', 'R,PD,CG').trim() === '');
  });
}
