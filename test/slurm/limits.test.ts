import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { quietTask } from '../../src-main/workbench/supervision/task.ts';
import { wordItems } from '../helpers/workbench.ts';
import { whyNoAccounting } from './accounting.ts';
import { startCluster } from './cluster.ts';
import type { Cluster, ClusterOptions } from './cluster.ts';
import { addSite, jobOf, longSpec, openSiteWorkbench, untilStep, whyNoSlurmTests } from './site-runs.ts';

const why = whyNoSlurmTests();
const whyNotAccounted = why ?? whyNoAccounting();
const skipped = (reason: string | null) => (reason === null ? '' : ` (skipped: ${reason})`);

async function cluster(options: ClusterOptions = {}): Promise<Cluster> {
  const folder = mkdtempSync(path.join(tmpdir(), 'flipguard-slurm-'));
  const made = await startCluster(folder, options);
  onTestFinished(async () => {
    made.slurm('scancel', '--user=root');
    await made.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return made;
}

const study = `name: gentle
models: [{ model: small }]
seeds: [3]
spec:
  dataset: { train: pairs }
  batch: { size: 4, maxLength: 48 }
  steps: 2
methods:
  - { name: DPO, set: { algorithm: { kind: dpo }, guard: { kind: none } } }
  - { name: SimPO, set: { algorithm: { kind: simpo }, guard: { kind: none } } }
reference: DPO
fractions: [0.5]
test: { flips: [words-t], sampledReward: reward-t, greedyReward: greedy-t }
`;

describe.skipIf(why !== null)(`a real Slurm and its limits${skipped(why)}`, () => {
  it('puts a run back whose minute is over, and continues with it', async () => {
    const here = await cluster();
    const workbench = await openSiteWorkbench();
    // The set-up of the first attempt takes most of its minute; however quick the machine, training does not fit into the rest.
    const setup = ['[ "${SLURM_RESTART_COUNT:-0}" -gt 0 ] || sleep 50'];
    await addSite(workbench, here, { profile: { time: '1', setup } });
    const run = await workbench.runs.launch({ spec: longSpec() }, { site: 'here' });
    const ended = await workbench.runs.ended(run.id);
    expect([ended.status, ended.error, ended.step]).toEqual(['finished', null, 40]);
    const [site] = await workbench.sites.list();
    const log = readFileSync(path.join(site?.folder ?? '', 'runs', run.id, 'log.txt'), 'utf8');
    expect(log).toContain('== USR1\n');
    expect(log).toMatch(/attempt 2\n/);
  });

  it('trains and measures a study at a site', async () => {
    const here = await cluster();
    const workbench = await openSiteWorkbench();
    await addSite(workbench, here);
    await workbench.imports.addSuite('words-t', { kind: 'words' }, wordItems.slice(4, 12));
    const prompts = ['dog', 'cat', 'girl'].map((thing) => `Once upon a time there was a ${thing}`);
    for (const [name, temperature] of [
      ['reward-t', 1],
      ['greedy-t', 0],
    ] as const) {
      await workbench.imports.addSuite(
        name,
        {
          kind: 'generate',
          scorer: { kind: 'lexicon', lexicon: 'afinn' },
          decoding: { temperature, maxNewTokens: 12, seed: 5 },
        },
        prompts.map((prompt, i) => ({ kind: 'generate', id: String(i), prompt })),
      );
    }
    const outcome = await workbench.studies.run(study, 'study.yaml', { site: 'here', atOnce: 2 }, quietTask());
    expect(outcome.failed).toEqual([]);
    const runs = await workbench.core.store.listRuns();
    expect(runs.map(({ name, status }) => `${name} ${status}`).sort()).toEqual([
      'gentle · DPO · seed 3 finished',
      'gentle · DPO, 0.25 × the rate · seed 3 finished',
      'gentle · SimPO · seed 3 finished',
    ]);
    // One array brought all.
    const jobs = (await workbench.sites.seen()).map(({ jobId }) => jobId.split('_')[0]);
    expect([jobs.length, new Set(jobs).size]).toEqual([3, 1]);
    const reports = await workbench.core.store.listReports();
    expect(reports.map(({ id }) => id)).toContain(outcome.reportId);
  });

  it.skipIf(whyNotAccounted !== null)(
    `knows from its accounting what became of a job${skipped(whyNotAccounted)}`,
    async () => {
      // The controller itself forgets at once.
      const here = await cluster({ accounting: true, conf: 'MinJobAge=2' });
      const workbench = await openSiteWorkbench();
      const site = await addSite(workbench, here);
      expect(await workbench.sites.doctor(site.name, quietTask())).toMatchObject({ accounting: true, problems: [] });
      const run = await workbench.runs.launch({ spec: longSpec() }, { site: 'here' });
      await untilStep(workbench, run, 3);
      const job = jobOf(workbench, run);
      here.slurm('scancel', job);
      const ended = await workbench.runs.ended(run.id);
      expect(ended.status).toBe('stopped');
      expect(here.slurm('sacct', '-n', '-X', '-j', job, '-o', 'State%20')).toMatch(/CANCELLED/);
      const [seen] = await workbench.sites.seen();
      expect([seen?.phase, seen?.says]).toEqual(['ended', expect.stringMatching(/^Cancelled/)]);
    },
  );
});
