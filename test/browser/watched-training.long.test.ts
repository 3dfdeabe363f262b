import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Suspects } from '../../src-main/shared/domain/data/row-scores.ts';
import { quietTask } from '../../src-main/workbench/supervision/task.ts';
import { documentOf, flipguard, startCli } from '../helpers/cli.ts';
import { wordItems } from '../helpers/workbench.ts';
import { useBrowserWorkbench, whyNoBrowser } from './shell.ts';

const missing = await whyNoBrowser();
const root = path.resolve(import.meta.dirname, '../..');
/** What TRL wrote with the callback for Python (test/golden/trainers/trl_runs.py). */
const told = path.join(root, 'test/assets/trainers/dpo-told');
const scratch = mkdtempSync(path.join(tmpdir(), 'flipguard-watched-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true, maxRetries: 5 }));

function withTokenizer(folder: string): string {
  for (const file of ['tokenizer.json', 'tokenizer_config.json'])
    cpSync(path.join(root, 'resources/quick-model', file), path.join(folder, file));
  return folder;
}

/** The recorded training as it stood after its first evaluation, and what came then. */
function growing() {
  const folder = path.join(scratch, 'output');
  mkdirSync(path.join(folder, 'flipguard'), { recursive: true });
  const lines = readFileSync(path.join(told, 'flipguard/events.ndjson'), 'utf8').split('\n').filter(Boolean);
  const half = 1 + lines.findIndex((line) => line.includes('"evaluation-done"') && line.includes('"step": 4'));
  const events = path.join(folder, 'flipguard/events.ndjson');
  const checkpoint = (step: number) => {
    cpSync(path.join(told, `checkpoint-${step}`), path.join(folder, `checkpoint-${step}`), { recursive: true });
    withTokenizer(path.join(folder, `checkpoint-${step}`));
  };
  return {
    folder,
    begin() {
      checkpoint(4);
      writeFileSync(events, `${lines.slice(0, half).join('\n')}\n`);
    },
    goOn() {
      checkpoint(8);
      appendFileSync(events, `${lines.slice(half).join('\n')}\n`);
    },
  };
}

describe.skipIf(missing !== null)('a training of TRL that is watched while it is written', () => {
  const served = useBrowserWorkbench(async (workbench) => {
    const things = ['cat', 'dog', 'bird', 'ball', 'tree', 'frog', 'girl', 'boy'];
    const pairs = things.map((thing) => ({
      prompt: `Once upon a time, there was a ${thing}`,
      chosen: ' who was sad.',
      rejected: ' who was happy.',
    }));
    const source = path.join(scratch, 'pairs.jsonl');
    writeFileSync(source, pairs.map((pair) => `${JSON.stringify(pair)}\n`).join(''));
    await workbench.imports.dataset({ source, name: 'pairs' }, quietTask());
    await workbench.imports.addSuite('words', { kind: 'words' }, wordItems.slice(0, 2));
  });

  it('shows its curves, its flips at each checkpoint, its suspects and one alert, in the window and by the command line', async () => {
    const training = growing();
    training.begin();
    const base = path.join(scratch, 'base');
    cpSync(path.join(root, 'test/assets/trainers/base'), base, { recursive: true });
    const workspace = served.workbench.core.layout.root;
    const watch = startCli(workspace, [
      ...['watch', training.folder, '--name', 'live', '--dataset', 'pairs', '--base', withTokenizer(base)],
      ...['--suite', 'words', '--every', '0.2', '--alert', 'nfr>10%'],
    ]);
    let said = '';
    watch.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const ended = new Promise<number | null>((resolve) => watch.on('close', resolve));

    const app = await served.open();
    await app.goto('/runs');
    await app.page
      .getByRole('link', { name: 'live' })
      .or(app.page.getByText('live', { exact: true }))
      .first()
      .click();
    await app.page.waitForURL(/#\/runs\/[0-9a-f-]+/);
    const lost = '“live” lost 4 of 8 samples of evaluation data at step 4: at least';
    const alerts = app.page.getByRole('region', { name: 'Alerts' });
    await alerts.getByText(lost).waitFor();
    await app.page.locator('.head').getByText('running', { exact: true }).waitFor();
    await app.page.getByRole('figure', { name: 'Loss', exact: true }).locator('canvas').waitFor();

    training.goOn();
    expect({ status: await ended, alerts: said.split('Alert: ').length - 1 }, said).toEqual({ status: 1, alerts: 1 });
    for (const step of [0, 4, 8]) expect(said).toContain(`evaluated words at step ${step}`);
    await app.page.locator('.head').getByText('finished', { exact: true }).waitFor();
    const meter = app.page.getByRole('group', { name: 'Flips of evaluation data over the run' });
    for (const step of [4, 8])
      await meter
        .getByRole('button', { name: new RegExp(`\\b${step}\\b`) })
        .first()
        .waitFor();
    expect(await alerts.getByText(/lost/).count()).toBe(1);

    await app.button('Find suspects').click();
    const suspects = app.page.getByRole('region', { name: 'Suspect rows of pairs' });
    await suspects.getByRole('row').nth(8).waitFor();
    expect(await suspects.getByRole('row').nth(1).innerText()).toMatch(/cat[\s\S]*cat/);
    await app.page.getByRole('link', { name: 'All rows of pairs' }).click();
    await app.page.getByRole('group', { name: 'Suspect rows' }).getByLabel('Near flips, at least').fill('0.9');
    await app.page.keyboard.press('Enter');
    await app.page.getByText('4 rows', { exact: true }).waitFor();
    expect(app.complaints).toEqual([]);
    await app.close();

    const found = documentOf<Suspects>(await flipguard(workspace, '--json', 'suspects', 'live', '--limit', '4'));
    expect(found.rows.map(({ number, scores }) => [number, scores['near-flips']])).toEqual(
      [1, 2, 3, 4].map((n) => [n, 1]),
    );
    for (const step of [4, 8]) {
      const flips = await flipguard(workspace, 'flips', 'live@0', `live@${step}`, '--suite', 'evaluation data');
      expect(flips.stderr).toContain('4 shown of 4 negative');
    }
    const figures = path.join(scratch, 'figures.csv');
    await flipguard(workspace, 'export', 'metrics', 'live', '--format', 'csv', '--out', figures);
    const [head = '', ...rows] = readFileSync(figures, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(','));
    const [step, loss] = ['step', 'loss'].map((name) => head.indexOf(name));
    expect(rows.map((row) => [Number(row[step ?? -1]), Number(row[loss ?? -1]) > 0])).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8].map((at) => [at, true]),
    );
  });

  it('is followed from the window too, by its folder, with an alert', async () => {
    const folder = path.join(scratch, 'from the window');
    cpSync(told, folder, { recursive: true });
    const app = await served.open();
    await app.goto('/runs');
    await app.button('From elsewhere…').click();
    const dialog = app.page.getByRole('dialog', { name: 'Bring a training from elsewhere' });
    await dialog.getByLabel('Folder', { exact: true }).fill(folder);
    await dialog.getByRole('button', { name: 'Add an alert' }).click();
    await dialog.getByLabel('Limit of alert 1').fill('10%');
    await dialog.getByRole('button', { name: 'Follow', exact: true }).click();
    await app.button('Open the run').click();
    await app.page.getByRole('heading', { level: 1, name: 'from the window' }).waitFor();
    await app.page.getByRole('region', { name: 'Alerts' }).getByText('“from the window” lost 4 of 8').first().waitFor();
    expect(app.complaints).toEqual([]);
    await app.close();
  });
});
