import { mkdirSync, mkdtempSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { quietTask } from '../../src-main/workbench/supervision/task.ts';
import { modelAsset } from '../helpers/golden-models.ts';
import { lmEvalMaterial } from './lm-eval-material.ts';
import type { App } from './pages.ts';
import { useBrowserWorkbench, whyNoBrowser } from './shell.ts';

const noBrowser = await whyNoBrowser();
const record = (i: number, right: boolean) => ({ prompt: `What is ${i}?`, output: String(i), correct: right });
const lines = (records: object[]) => records.map((one) => `${JSON.stringify(one)}\n`).join('');

/** Files in a folder of their own, as they lie on the workbench's machine. */
function onDisk(files: { name: string; text: string }[]): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'flipguard-way-in-'));
  for (const { name, text } of files) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  return folder;
}

describe.skipIf(noBrowser !== null)('the way in', () => {
  const old = lmEvalMaterial({ model: 'org/base', moment: '2026-01-02T03-04-05.6', isRight: (i) => i % 3 > 0 });
  const now = lmEvalMaterial({ model: 'org/dpo', moment: '2026-01-02T05-04-05.6', isRight: (i) => i % 4 > 0 });
  const files = (folder: string, material = old) =>
    material.files.map(({ name, text }) => ({ name: `${folder}/${name}`, text }));
  const folder = onDisk([...files('base'), ...files('dpo', now)]);
  const served = useBrowserWorkbench(async ({ imports }) => {
    // A workspace is seldom empty: an older evaluation that shares nothing with what comes.
    const source = path.join(
      onDisk([{ name: 'other.jsonl', text: lines([record(1, true), record(2, false)]) }]),
      'other.jsonl',
    );
    await imports.evaluation({ source, name: 'another task' }, quietTask());
  });
  let app: App;
  afterEach(async () => {
    expect(app.complaints).toEqual([]);
    await app.close();
  });
  const imported = async () => (await served.workbench.evaluations.list()).map(({ name }) => name).sort();

  it('leads from two folders of lm-eval to the first regression in at most five clicks, next to other evaluations', async () => {
    app = await served.open();
    const { importDialog: dialog } = app;
    await app.click(app.button('Import').first());
    for (const [index, name] of ['base', 'dpo'].entries()) {
      if (index > 0) await app.click(dialog.root.getByRole('button', { name: 'Add more files' }));
      await dialog.typePath(path.join(folder, name));
      await dialog.thing(name).waitFor();
    }
    await app.click(dialog.root.getByRole('button', { name: 'Import all 2' }));
    const compare = dialog.root.getByRole('form', { name: 'Compare' });
    await compare
      .getByRole('combobox', { name: 'Old' })
      .locator('option:checked', { hasText: 'base' })
      .waitFor({ state: 'attached' });
    expect(await compare.getByRole('combobox', { name: 'New' }).locator('option:checked').innerText()).toBe('dpo');
    expect(await compare.locator('option', { hasText: 'another task' }).first().isDisabled()).toBe(true);
    await app.click(compare.getByRole('button', { name: 'Compare', exact: true }));
    await app.flips.ready();
    expect(app.clicks).toBeLessThanOrEqual(5);
    expect(await app.flips.output('Old').innerText()).toContain('right');
    expect(await app.flips.output('New').innerText()).toContain('wrong');
    await app.page.getByLabel('Measure and pairing').getByText('Both sides judged by metric exact_match').waitFor();
    expect(await imported()).toEqual(['another task', 'base', 'dpo']);
  });

  it('tells several things apart that are dropped at once, and gives each one next step', async () => {
    app = await served.open();
    const { importDialog: dialog } = app;
    const report = '<!doctype html><script type="application/json" id="flipguard-report">{}</script>';
    await dialog.drop(
      ...old.files,
      { name: 'pairs.jsonl', text: lines([{ prompt: 'a', chosen: 'b', rejected: 'c' }]) },
      { name: 'photo.jsonl', text: '\u0089PNG\r\n' },
      { name: 'report.html', text: report },
      { name: 'broken.json', text: '[{"prompt": "a"},\n{"prompt": oops}]' },
      { name: 'empty.csv', text: '' },
    );
    await dialog.thing('pairs.jsonl').getByText('Dataset').waitFor();
    const steps = await dialog.steps();
    expect(steps).toEqual([
      ['broken.json', []],
      ['empty.csv', []],
      ['pairs.jsonl', ['Import']],
      ['photo.jsonl', []],
      ['report.html', ['Open']],
      ['samples_sums_2026-01-02T03-04-05.6.jsonl', ['Import']],
    ]);
    expect(await dialog.thing('broken.json').innerText()).toContain(
      'it is not valid JSON at line 2: “oops” where a value should be',
    );
    expect(await dialog.thing('empty.csv').innerText()).toContain('the file is empty');
    // The name is the model's, and free.
    await expect.poll(() => dialog.thing('samples_sums').getByLabel('Name').inputValue()).toBe('base 2');
  });

  it('refuses a wrong file alone with its reason and no button', async () => {
    app = await served.open();
    const { importDialog: dialog } = app;
    await dialog.drop({ name: 'paper.pdf', text: '%PDF-1.7\n' });
    await dialog.root.getByText('paper.pdf cannot be imported: it is a PDF document.').waitFor();
    expect(await dialog.root.getByRole('button', { name: /^Import/ }).count()).toBe(0);
  });

  it('says that a name is taken before the import', async () => {
    app = await served.open();
    const { importDialog: dialog } = app;
    await dialog.drop({ name: 'mine.jsonl', text: lines([record(1, true)]) });
    const button = dialog.root.getByRole('button', { name: 'Import', exact: true });
    await expect.poll(() => button.isEnabled()).toBe(true);
    await dialog.field('Name').fill('another task');
    await dialog.root.getByText('There is already an evaluation named “another task”.').waitFor();
    expect(await button.isEnabled()).toBe(false);
  });

  it('shows an upload by name and percent, and ends it when asked', async () => {
    app = await served.open();
    const { importDialog: dialog } = app;
    // The answer is held back: the upload then stands still for as long as it takes to look at it.
    await app.page.route('**/upload?*', () => undefined);
    await dialog.drop({ name: 'large.jsonl', text: lines(Array.from({ length: 500 }, (_, i) => record(i, true))) });
    const upload = dialog.root.getByRole('status', { name: 'Upload' });
    await upload.getByText('large.jsonl').waitFor();
    expect(await upload.innerText()).toMatch(/\d+ % · [\d.]+ \w+ of [\d.]+ kB/);
    await upload.getByRole('button', { name: 'Cancel upload' }).click();
    await upload.waitFor({ state: 'detached' });
    await expect
      .poll(() =>
        readdirSync(served.workbench.core.layout.uploads, { recursive: true }).filter((name) =>
          String(name).includes('large'),
        ),
      )
      .toEqual([]);
    expect(await dialog.root.getByRole('alert').count()).toBe(0);
  });

  it('asks which model an adapter sits on, and takes it in on that', async () => {
    const { workbench } = served;
    const base = await workbench.models.add(modelAsset('llama'), { name: 'my base' }, quietTask());
    app = await served.open();
    const { importDialog: dialog } = app;
    await app.button('Import').first().click();
    await dialog.typePath(modelAsset('llama-adapter'));
    await dialog.root.getByText('It names ../llama.').waitFor();
    const button = dialog.root.getByRole('button', { name: 'Import', exact: true });
    expect(await button.isEnabled()).toBe(false);
    await dialog.root.getByLabel('Sits on').selectOption('my base');
    await dialog.field('Name').fill('my adapter');
    await button.click();
    await expect
      .poll(async () => (await workbench.models.list()).find(({ name }) => name === 'my adapter')?.baseId)
      .toBe(base.id);
  });

  it('offers a model of the Hub’s cache by its name, and takes it in with its commit', async () => {
    const { workbench } = served;
    const commit = 'a5'.repeat(20);
    const snapshot = `models--someone--tiny-llama/snapshots/${commit}`;
    const cache = onDisk([{ name: 'models--someone--tiny-llama/refs/v1', text: commit }]);
    mkdirSync(path.join(cache, snapshot), { recursive: true });
    for (const name of readdirSync(modelAsset('llama')))
      symlinkSync(modelAsset('llama', name), path.join(cache, snapshot, name));
    vi.stubEnv('HF_HUB_CACHE', cache);
    app = await served.open();
    const { importDialog: dialog } = app;
    await app.button('Import').first().click();
    await dialog.root.getByText('In this machine’s Hugging Face cache').click();
    const offered = dialog.root.getByRole('list', { name: 'Models in the Hugging Face cache' });
    expect((await offered.innerText()).split('\n')).toEqual(['someone/tiny-llama', 'v1 · a5a5a5a5', '70.3 kB']);
    await offered.getByRole('button').click();
    await expect.poll(() => dialog.field('Name').inputValue()).toBe('tiny-llama');
    await dialog.root.getByRole('button', { name: 'Import', exact: true }).click();
    await expect
      .poll(async () => (await workbench.models.list()).find(({ name }) => name === 'tiny-llama')?.source)
      .toEqual({ repository: 'someone/tiny-llama', revision: 'v1', commit });
    vi.unstubAllEnvs();
  });

  it('refuses a typed path that is not there, hidden or not whole, each with its reason', async () => {
    app = await served.open();
    const { importDialog: dialog } = app;
    await app.button('Import').first().click();
    for (const [typed, why] of [
      [path.join(folder, 'nothing'), 'there is no such file or folder'],
      ['results/base', 'it is not a whole path'],
      ['/proc/self/environ', 'it belongs to the system'],
    ] as const) {
      await dialog.typePath(typed);
      await dialog.root.getByRole('alert').filter({ hasText: why }).waitFor();
    }
  });
});
