import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { reportOf } from '../../src-main/shared/domain/errors.ts';
import { quietTask } from '../../src-main/workbench/supervision/task.ts';
import type { Workbench } from '../../src-main/workbench/workbench.ts';
import { flipguard } from '../helpers/cli.ts';
import { temporaryFolder, tinySpec } from '../helpers/workbench.ts';
import { startCluster } from './cluster.ts';
import type { Cluster } from './cluster.ts';
import { until } from './daemons.ts';
import { addSite, idleAfterwards, openSiteWorkbench, whyNoSlurmTests } from './site-runs.ts';

const why = whyNoSlurmTests();

async function samplesOf(workbench: Workbench, evaluationId: string) {
  const { rows } = await workbench.core.store.evaluationSamples(evaluationId, 'all', 0, 200);
  return rows
    .map(({ id, verdict, output, score }) => ({ id, verdict, output, score }))
    .sort((a, b) => a.id.localeCompare(b.id));
}

describe.skipIf(why !== null)(`evaluations on a real Slurm${why === null ? '' : ` (skipped: ${why})`}`, () => {
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

  it('gives each sample what this machine gives it, of a model and of an adapter', async () => {
    const workbench = await openSiteWorkbench();
    const site = await addSite(workbench, cluster);
    const run = await workbench.runs.launch({
      spec: tinySpec({ tuning: { kind: 'lora', rank: 2 }, evaluate: { suites: [] } }),
    });
    await workbench.runs.ended(run.id);
    for (const target of ['small', `${run.name}@6`]) {
      const said: string[] = [];
      const onJob = ({ says }: { says: string }) => said.push(says);
      const there = await workbench.evaluations.evaluate(target, 'words', { site: 'here', onJob }, quietTask());
      const here = await workbench.evaluations.evaluate(target, 'words', {}, quietTask());
      expect(await samplesOf(workbench, there.id)).toEqual(await samplesOf(workbench, here.id));
      expect([there.checkpointId, there.step, there.modelId]).toEqual([here.checkpointId, here.step, here.modelId]);
      expect(said.at(-1)).toMatch(/^Ended on n\d\.$/);
    }
    expect(readdirSync(path.join(site.folder, 'weights'))).toEqual([]);
    expect(readdirSync(workbench.core.layout.atSites)).toEqual([]);
  });

  it('is stored by the next program where the one that asked was killed, and not asked twice', async () => {
    const first = await openSiteWorkbench();
    const site = await addSite(first, cluster);
    const { root } = first.core.layout;
    cluster.slurm('scontrol', 'update', 'partitionname=main', 'state=down');
    const job = await first.evaluations.hand('small', 'words', { site: 'here' }, quietTask());
    await first.close();
    const second = await openSiteWorkbench({ folder: root });
    const listed = await second.sites.evaluations.list();
    expect(listed).toMatchObject([{ evaluation: 'small · next words', jobId: job.jobId, site: 'here' }]);
    const asked = second.evaluations.evaluate('small', 'words', { site: 'here' }, quietTask());
    cluster.slurm('scontrol', 'update', 'partitionname=main', 'state=up');
    expect((await asked).samples).toBe(73);
    expect((await second.evaluations.list()).length).toBe(1);
    expect(readdirSync(path.join(site.folder, 'evaluations')).length).toBe(1);
  });

  it('ends its job when it is cancelled', async () => {
    const workbench = await openSiteWorkbench();
    await addSite(workbench, cluster);
    cluster.slurm('scontrol', 'update', 'partitionname=main', 'state=down');
    const abort = new AbortController();
    const asked = workbench.evaluations.evaluate('small', 'words', { site: 'here' }, quietTask(abort.signal));
    await until('a job', () => cluster.slurm('squeue', '-h', '-o', '%i').trim() !== '');
    abort.abort();
    await expect(asked).rejects.toMatchObject({ code: 'cancelled' });
    expect(cluster.slurm('squeue', '-h', '-o', '%i').trim()).toBe('');
    expect(await workbench.sites.evaluations.list()).toEqual([]);
    cluster.slurm('scontrol', 'update', 'partitionname=main', 'state=up');
  });

  it('says why a job failed, and where its log is', async () => {
    const workbench = await openSiteWorkbench();
    const site = await addSite(workbench, cluster, { profile: { setup: ['echo no module named cuda; exit 3'] } });
    const report = await workbench.evaluations
      .evaluate('small', 'words', { site: 'here' }, quietTask())
      .then(() => null, reportOf);
    expect(report?.message).toMatch(
      /^“small · next words” was not evaluated at “here”\. Failed on n\d\. Job \d+ at “here”\. Its log ends: .*no module named cuda/,
    );
    const log = /Job \d+ wrote its log to (.*)\.$/.exec(report?.remedy ?? '')?.[1] ?? '';
    expect(path.dirname(path.dirname(log))).toBe(path.join(site.folder, 'evaluations'));
    expect(readFileSync(log, 'utf8')).toContain('no module named cuda');
    expect(await workbench.evaluations.list()).toEqual([]);
  });

  it('evaluates the checkpoints of a watched folder, from the command line', async () => {
    const workbench = await openSiteWorkbench();
    const site = await addSite(workbench, cluster);
    const { root } = workbench.core.layout;
    await workbench.close();
    const trained = trainerFolder();
    const watched = await flipguard(
      root,
      ...['watch', trained, '--name', 'trl', '--base', 'small', '--suite', 'words', '--site', 'here', '--every', '1'],
    );
    expect(watched.stderr).toContain('evaluated words at step 4:');
    const again = await openSiteWorkbench({ folder: root });
    const evaluations = await again.evaluations.list();
    expect(evaluations.map(({ step, suiteName, samples }) => [step, suiteName, samples]).sort()).toEqual([
      [0, 'words', 73],
      [2, 'words', 73],
      [4, 'words', 73],
    ]);
    expect(readdirSync(path.join(site.folder, 'weights'))).toEqual([]);
    expect(existsSync(path.join(trained, 'checkpoint-4', 'model.safetensors'))).toBe(true);
  });
});

/** What TRL wrote, with the tokenizer that was left out of the kept files. */
function trainerFolder(): string {
  const folder = path.join(temporaryFolder(), 'dpo');
  mkdirSync(folder);
  cpSync(path.resolve(import.meta.dirname, '../assets/trainers/dpo'), folder, { recursive: true });
  const tokenizer = path.resolve(import.meta.dirname, '../../resources/quick-model');
  for (const place of readdirSync(folder).filter((one) => one.startsWith('checkpoint-'))) {
    for (const file of ['tokenizer.json', 'tokenizer_config.json'])
      writeFileSync(path.join(folder, place, file), readFileSync(path.join(tokenizer, file)));
  }
  return folder;
}
