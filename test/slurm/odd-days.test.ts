import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import { startSshd, whyNoSshd } from '../helpers/sshd.ts';
import { temporaryFolder, tinySpec } from '../helpers/workbench.ts';
import { startCluster } from './cluster.ts';
import { until } from './daemons.ts';
import type { Cluster, ClusterOptions } from './cluster.ts';
import {
  addSite,
  checkout,
  idleAfterwards,
  jobOf,
  longSpec,
  lossesOf,
  openSiteWorkbench,
  untilStep,
  whyNoSlurmTests,
} from './site-runs.ts';

const why = whyNoSlurmTests();
const whyNotSsh = why ?? whyNoSshd();
const skipped = (reason: string | null) => (reason === null ? '' : ` (skipped: ${reason})`);

// None of these clusters has accounting: every end is known from the run's folder and the controller's short memory.
describe.skipIf(why !== null)(`days that are not usual, on a real Slurm${skipped(why)}`, () => {
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

  /** One more, for the test alone. */
  async function another(options: ClusterOptions = {}): Promise<Cluster> {
    const place = mkdtempSync(path.join(tmpdir(), 'flipguard-slurm-'));
    const made = await startCluster(place, options);
    onTestFinished(async () => {
      made.slurm('scancel', '--user=root');
      await made.stop();
      rmSync(place, { recursive: true, force: true });
    });
    return made;
  }

  it('splits a sweep of four where an array may have two tasks', async () => {
    const small = await another({ conf: 'MaxArraySize=2' });
    const workbench = await openSiteWorkbench();
    await addSite(workbench, small);
    const preview = await workbench.sites.preview('here', 'x', 4);
    const vary = [{ path: 'seed', values: [1, 2, 3, 4] }];
    const runs = await workbench.runs.sweep({ spec: tinySpec() }, vary, { site: 'here' });
    await Promise.all(runs.map(({ id }) => workbench.sites.submitted(id)));
    const jobs = runs.map((run) => jobOf(workbench, run).split('_'));
    const ended = await Promise.all(runs.map(({ id }) => workbench.runs.ended(id)));
    expect([preview.arrays, preview.tasks]).toEqual([2, 4]);
    expect(new Set(jobs.map(([array]) => array)).size).toBe(2);
    expect(jobs.map(([, task]) => task)).toEqual(['0', '1', '0', '1']);
    expect(ended.map(({ status }) => status)).toEqual(runs.map(() => 'finished'));
  });

  it('takes in what a run did while the workbench that had submitted it was dead', async () => {
    const first = await openSiteWorkbench();
    await addSite(first, cluster);
    const workspace = first.core.layout.root;
    const file = path.join(temporaryFolder(), 'spec.yaml');
    writeFileSync(file, stringify(longSpec({ name: 'orphan', steps: 25 })));
    const local = await first.runs.launch({ spec: longSpec({ name: 'here', steps: 25 }) });
    const whole = await first.runs.ended(local.id);
    await first.close();
    const main = path.join(checkout, 'src-main', 'shells', 'cli', 'main.ts');
    const words = [
      '--disable-warning=ExperimentalWarning',
      main,
      '--workspace',
      workspace,
      'train',
      file,
      '--site',
      'here',
    ];
    const child = spawn(process.execPath, words, { stdio: 'ignore' });
    await until('a running job', () => cluster.slurm('squeue', '-h', '-t', 'R').trim() !== '');
    child.kill('SIGKILL');
    await once(child, 'exit');
    await until('an ended job', () => cluster.slurm('squeue', '-h', '-t', 'R,PD,CG').trim() === '');
    const workbench = await openSiteWorkbench({ folder: workspace });
    const run = await workbench.runs.find('orphan');
    const ended = await workbench.runs.ended(run.id);
    expect([ended.status, ended.step, ended.error]).toEqual(['finished', 25, null]);
    expect(await lossesOf(workbench, ended)).toEqual(await lossesOf(workbench, whole));
    const [job] = (await workbench.sites.seen()).filter(({ runId }) => runId === run.id);
    expect(job).toMatchObject({ site: 'here', phase: 'ended' });
  });

  it('keeps jobs of the same number at two sites apart', async () => {
    const [one, two] = await Promise.all([another({ conf: 'FirstJobId=4711' }), another({ conf: 'FirstJobId=4711' })]);
    const workbench = await openSiteWorkbench();
    await addSite(workbench, one, { name: 'one' });
    await addSite(workbench, two, { name: 'two' });
    const stays = await workbench.runs.launch({ spec: longSpec({ name: 'stays' }) }, { site: 'one' });
    const goes = await workbench.runs.launch({ spec: longSpec({ name: 'goes' }) }, { site: 'two' });
    await Promise.all([untilStep(workbench, stays, 2), untilStep(workbench, goes, 2)]);
    expect([jobOf(workbench, stays), jobOf(workbench, goes)]).toEqual(['4711', '4711']);
    // By somebody at the cluster, not by us.
    two.slurm('scancel', '4711');
    const [first, second] = await Promise.all([workbench.runs.ended(stays.id), workbench.runs.ended(goes.id)]);
    expect([first.status, second.status]).toEqual(['finished', 'stopped']);
    const said = new Map((await workbench.sites.seen()).map(({ site, says }) => [site, says]));
    expect(said.get('two')).toMatch(/^Cancelled/);
    expect(said.get('one')).toMatch(/^Ended/);
  });

  it.skipIf(whyNotSsh !== null)(`continues when the connection to a host is cut${skipped(whyNotSsh)}`, async () => {
    const host = await startSshd(temporaryFolder());
    const before = process.env.FLIPGUARD_SSH_COMMAND;
    process.env.FLIPGUARD_SSH_COMMAND = host.command;
    onTestFinished(async () => {
      if (before === undefined) delete process.env.FLIPGUARD_SSH_COMMAND;
      else process.env.FLIPGUARD_SSH_COMMAND = before;
      await host.stop();
    });
    const workbench = await openSiteWorkbench();
    await addSite(workbench, cluster, { host: host.name });
    const run = await workbench.runs.launch({ spec: longSpec() }, { site: 'here' });
    await untilStep(workbench, run, 3);
    host.cut();
    const trouble = () => workbench.sites.jobs().find(({ runId }) => runId === run.id)?.trouble ?? null;
    await until('a site that is not heard of', () => trouble() !== null);
    expect(trouble()).toMatch(/cannot be reached over ssh/);
    // What was last seen stays; the run is not called over.
    expect((await workbench.runs.get(run.id)).status).toBe('running');
    host.mend();
    const ended = await workbench.runs.ended(run.id);
    expect([ended.status, ended.step, ended.error]).toEqual(['finished', 40, null]);
    // Weights come over the same wire.
    const task = { signal: new AbortController().signal, progress: () => {} };
    expect(await workbench.sites.bring(ended, 40, false, task)).toBe(true);
  });
});
