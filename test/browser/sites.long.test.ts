import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addTrainingMaterial, smallModel, temporaryFolder } from '../helpers/workbench.ts';
import { startCluster, whyNoSlurm } from '../slurm/cluster.ts';
import type { Cluster } from '../slurm/cluster.ts';
import { useBrowserWorkbench, whyNoBrowser } from './shell.ts';

const why = (await whyNoBrowser()) ?? (smallModel === null ? 'no small model is here' : null) ?? whyNoSlurm();

const spec = `name: handed over
model: small
dataset: {train: pairs}
algorithm: {kind: dpo}
optimizer: {learningRate: 5.0e-3}
batch: {size: 2, maxLength: 48}
steps: 3
`;

describe.skipIf(why !== null)(`sites in the window, on a real Slurm${why === null ? '' : ` (skipped: ${why})`}`, () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'flipguard-slurm-'));
  const before = process.env.SLURM_CONF;
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster(folder);
    process.env.SLURM_CONF = cluster.environment.SLURM_CONF;
  });
  afterAll(async () => {
    if (before === undefined) delete process.env.SLURM_CONF;
    else process.env.SLURM_CONF = before;
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  const served = useBrowserWorkbench((workbench) => addTrainingMaterial(workbench, smallModel ?? ''));

  it('are added, looked at by a doctor, given a run whose script was shown before, and removed', async () => {
    const app = await served.open();
    const { page } = app;
    await app.goto('/settings');
    const sites = page.getByRole('region', { name: 'Sites' });
    await sites.getByText('No site yet.').waitFor();
    await app.pressByKeys(sites.getByRole('button', { name: 'Add a site' }));
    const dialog = page.getByRole('dialog', { name: 'Add a site' });
    await dialog.getByLabel('Name').fill('here');
    await dialog.getByText('On this machine').click();
    await dialog.getByLabel(/^Folder on a disk/).fill('scratch');
    await dialog.getByLabel('Processors per task').fill('two');
    await app.button('Add the site').click();
    await dialog.getByRole('alert').waitFor();
    await dialog.getByLabel(/^Folder on a disk/).fill(temporaryFolder());
    await dialog.getByLabel('Processors per task').fill('2');
    await app.button('Add the site').click();
    await dialog.waitFor({ state: 'hidden' });
    await sites.getByText('Asks for processors 2.').waitFor();

    await sites.getByRole('button', { name: 'Doctor' }).click();
    await sites.getByText('Everything that was looked at works.').waitFor();
    await sites.getByText(/accounting off, arrays of up to 1001 tasks/).waitFor();

    await app.goto('/launch');
    await app.writeSpec(spec);
    await page.getByText('ready to start').waitFor();
    const where = page.getByRole('region', { name: 'Where it runs' });
    await where.getByRole('combobox').selectOption('here');
    await where.getByText(/To start at /).waitFor();
    await where.getByText('The script, as it would be submitted').click();
    expect(await where.getByLabel('Job script').innerText()).toMatch(/#SBATCH --job-name=flipguard-handed-over/);
    expect(cluster.slurm('squeue', '-h')).toBe('');
    await app.button('Submit to here').click();
    await page.waitForURL(/#\/runs\//);
    const head = page.locator('.head');
    await head.getByText('finished', { exact: true }).waitFor();
    await head.getByText(/^Ended on n[12]\.$/).waitFor();
    await head.getByRole('button', { name: 'Log', exact: true }).click();
    await page
      .getByRole('dialog')
      .getByText(/ended with status 0/)
      .waitFor();
    await page.keyboard.press('Escape');

    await app.button('Relaunch').click();
    await app.heading('Relaunch').waitFor();
    await app.button('Submit to here').waitFor();
    await app.goto('/runs');
    await page.getByRole('row', { name: /handed over.*here Ended on n[12]\./ }).waitFor();

    await app.goto('/settings');
    await app.button('Remove here').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await sites.getByText('No site yet.').waitFor();
    expect(app.complaints).toEqual([]);
  });
});
