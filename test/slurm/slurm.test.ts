import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { quietTask } from '../../src-main/workbench/supervision/task.ts';
import { tinySpec } from '../helpers/workbench.ts';
import { startCluster } from './cluster.ts';
import { until } from './daemons.ts';
import type { Cluster } from './cluster.ts';
import {
  addSite,
  idleAfterwards,
  jobOf,
  longSpec,
  lossesOf,
  openSiteWorkbench,
  untilStep,
  whyNoSlurmTests,
} from './site-runs.ts';

const why = whyNoSlurmTests();

describe.skipIf(why !== null)(`runs on a real Slurm${why === null ? '' : ` (skipped: ${why})`}`, () => {
  let cluster: Cluster;
  const folder = mkdtempSync(path.join(tmpdir(), 'flipguard-slurm-'));
  beforeAll(async () => {
    cluster = await startCluster(folder);
  });
  afterAll(async () => {
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => idleAfterwards(cluster));

  it('says what a doctor’s job saw', async () => {
    const workbench = await openSiteWorkbench();
    const site = await addSite(workbench, cluster);
    const report = await workbench.sites.doctor(site.name, quietTask());
    expect(report).toMatchObject({
      accounting: false,
      maxArraySize: 1001,
      problems: [],
      job: { gpus: [], folderSeen: true, clockSkewMs: 0 },
    });
    expect(report.scheduler).toMatch(/^slurm/);
    expect(report.job?.backend).toMatch(/TensorFlow|CPU|processor|thread/i);
  });

  it('runs a sweep of four over two nodes as one array', async () => {
    const workbench = await openSiteWorkbench();
    await addSite(workbench, cluster, { profile: { cpus: 2 } });
    const vary = [{ path: 'seed', values: [1, 2, 3, 4] }];
    const runs = await workbench.runs.sweep({ spec: tinySpec() }, vary, { site: 'here', atOnce: 2 });
    await Promise.all(runs.map(({ id }) => workbench.sites.submitted(id)));
    const arrays = new Set(runs.map((run) => jobOf(workbench, run).split('_')[0]));
    const ended = await Promise.all(runs.map(({ id }) => workbench.runs.ended(id)));
    expect(ended.map(({ status, step }) => [status, step])).toEqual(runs.map(() => ['finished', 6]));
    expect(arrays.size).toBe(1);
    const [site] = await workbench.sites.list();
    const folders = runs.map(({ id }) => path.join(site?.folder ?? '', 'runs', id));
    // The run has ended with its last event; the script notes its own end after that.
    await until('the scripts’ ends', () => folders.every((one) => existsSync(path.join(one, 'ends.ndjson'))));
    const nodes = folders.map((one) => endsIn(one)[0]?.node);
    expect(new Set(nodes)).toEqual(new Set(['n1', 'n2']));
    const meter = await workbench.runs.flipMeter(runs[0]?.id ?? '', quietTask());
    expect(meter.length).toBeGreaterThan(0);
  });

  it('ends a run that was put back in the middle as one that was not', async () => {
    const workbench = await openSiteWorkbench();
    await addSite(workbench, cluster);
    const plain = await workbench.runs.launch({ spec: longSpec({ name: 'here' }) });
    const whole = await workbench.runs.ended(plain.id);
    const run = await workbench.runs.launch({ spec: longSpec({ name: 'put back' }) }, { site: 'here' });
    await untilStep(workbench, run, 5);
    cluster.slurm('scontrol', 'requeue', jobOf(workbench, run));
    const ended = await workbench.runs.ended(run.id);
    expect([whole.status, ended.status, ended.error, ended.step]).toEqual(['finished', 'finished', null, 40]);
    const events = await workbench.core.store.runEvents(run.id, 0, 2000);
    const starts = events.flatMap((event) => (event.type === 'started' ? [event.resumedAtStep] : []));
    expect(starts).toHaveLength(2);
    expect(starts[1]).toBeGreaterThanOrEqual(5);
    expect(await lossesOf(workbench, ended)).toEqual(await lossesOf(workbench, whole));
  });

  it('continues after it was preempted', async () => {
    const workbench = await openSiteWorkbench();
    await addSite(workbench, cluster, { profile: { cpus: 2 } });
    const run = await workbench.runs.launch({ spec: longSpec({ steps: 200 }) }, { site: 'here' });
    await untilStep(workbench, run, 5);
    // The urgent job stays until the run was seen to wait, however seldom somebody looks.
    const seen = path.join(folder, 'seen-to-wait');
    const urgent = `until [ -e ${seen} ]; do sleep 0.2; done`;
    cluster.slurm('sbatch', '-p', 'urgent', '-N', '2', '--exclusive', '-o', '/dev/null', '--wrap', urgent);
    await until('a run that waits again', async () => (await workbench.runs.get(run.id)).status === 'queued');
    writeFileSync(seen, '');
    const ended = await workbench.runs.ended(run.id);
    expect([ended.status, ended.error, ended.step]).toEqual(['finished', null, 200]);
  });

  it('continues elsewhere when its node goes down', async () => {
    const workbench = await openSiteWorkbench();
    await addSite(workbench, cluster, { profile: { sbatch: ['--nodelist=n1'] } });
    const run = await workbench.runs.launch({ spec: longSpec() }, { site: 'here' });
    await untilStep(workbench, run, 5);
    cluster.slurm('scontrol', 'update', 'nodename=n1', 'state=down', 'reason=test');
    await until('a run that waits again', async () => (await workbench.runs.get(run.id)).status === 'queued');
    const waits = workbench.sites.jobs().find(({ runId }) => runId === run.id);
    expect(waits?.says).toMatch(/^Waits: /);
    bringUp(cluster, 'n1');
    const ended = await workbench.runs.ended(run.id);
    expect([ended.status, ended.error, ended.step]).toEqual(['finished', null, 40]);
  });

  it('does not mind that the controller is away for a while', async () => {
    const workbench = await openSiteWorkbench();
    await addSite(workbench, cluster);
    const run = await workbench.runs.launch({ spec: longSpec() }, { site: 'here' });
    await untilStep(workbench, run, 3);
    await cluster.stopController();
    await untilStep(workbench, run, 10);
    await cluster.startController();
    const ended = await workbench.runs.ended(run.id);
    expect([ended.status, ended.step, ended.error]).toEqual(['finished', 40, null]);
  });

  it('stops with a checkpoint, and continues from it when asked', async () => {
    const workbench = await openSiteWorkbench();
    await addSite(workbench, cluster);
    const run = await workbench.runs.launch({ spec: longSpec() }, { site: 'here' });
    await untilStep(workbench, run, 3);
    await workbench.runs.ask(run.id, 'stop');
    const stopped = await workbench.runs.ended(run.id);
    const checkpoints = await workbench.core.store.listCheckpoints(run.id);
    expect(stopped.status).toBe('stopped');
    expect(checkpoints.at(-1)?.step).toBe(stopped.step);
    await workbench.runs.resume(run.id);
    const ended = await workbench.runs.ended(run.id);
    expect([ended.status, ended.error, ended.step]).toEqual(['finished', null, 40]);
  });

  it('brings weights when they are wanted, without the optimiser', async () => {
    const workbench = await openSiteWorkbench();
    await addSite(workbench, cluster);
    const run = await workbench.runs.launch({ spec: tinySpec() }, { site: 'here' });
    await workbench.runs.ended(run.id);
    const evaluation = await workbench.evaluations.evaluate(
      `${run.name}@6`,
      'words',
      { name: 'of the site' },
      quietTask(),
    );
    expect(evaluation.samples).toBeGreaterThan(12);
    const brought = path.join(workbench.core.layout.root, run.folder, 'checkpoints', '6');
    expect(() => readFileSync(path.join(brought, 'optimizer.safetensors'))).toThrow(/ENOENT/);
    expect(JSON.parse(readFileSync(path.join(brought, 'config.json'), 'utf8'))).toHaveProperty('model_type');
  });

  it('says in Slurm’s words why a job is not taken', async () => {
    const workbench = await openSiteWorkbench();
    await addSite(workbench, cluster, { profile: { partition: 'nowhere' } });
    await expect(workbench.sites.preview('here', 'x', 1)).rejects.toThrow(/partition/i);
    const run = await workbench.runs.launch({ spec: longSpec() }, { site: 'here' });
    const ended = await workbench.runs.ended(run.id);
    expect(ended.status).toBe('failed');
    expect(ended.error?.message).toMatch(/did not take the job: .*[Ii]nvalid partition/);
  });
});

/** A node whose daemon lives may have come back by itself. */
function bringUp(cluster: Cluster, node: string): void {
  const state = cluster.slurm('sinfo', '-h', '-N', '-n', node, '-p', 'main', '-o', '%T');
  if (/down/i.test(state)) cluster.slurm('scontrol', 'update', `nodename=${node}`, 'state=resume');
}

function endsIn(folder: string): { node: string; status: number }[] {
  const text = readFileSync(path.join(folder, 'ends.ndjson'), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { node: string; status: number });
}
