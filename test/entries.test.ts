import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { entryPath, setUpScript } from '../src-main/entries.ts';

test('from the sources, entries are the sources', () => {
  expect(existsSync(entryPath('store-worker'))).toBe(true);
  expect(entryPath('trainer')).toMatch(/trainer[/\\]entry\.ts$/);
});

test('in a build they are next to the bundle, also when this module was put among its chunks', () => {
  const out = mkdtempSync(join(tmpdir(), 'flipguard-entries-'));
  try {
    mkdirSync(join(out, 'chunks'));
    writeFileSync(join(out, 'store-worker.js'), '');
    writeFileSync(join(out, 'trainer.cjs'), '');
    const bundle = pathToFileURL(join(out, 'index.js')).href;
    const chunk = pathToFileURL(join(out, 'chunks', 'entries.js')).href;
    expect(entryPath('store-worker', bundle)).toBe(join(out, 'store-worker.js'));
    expect(entryPath('store-worker', chunk)).toBe(join(out, 'store-worker.js'));
    expect(entryPath('trainer', chunk)).toBe(join(out, 'trainer.cjs'));
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
});

test('set-up is a script next to the sources, and outside the archive of a package', () => {
  expect(existsSync(setUpScript())).toBe(true);
  const packed = pathToFileURL(join(tmpdir(), 'resources', 'app.asar', 'out', 'main', 'chunks', 'entries.js')).href;
  expect(setUpScript(packed)).toBe(join(tmpdir(), 'resources', 'app.asar.unpacked', 'build', 'setup', 'in-window.mjs'));
});
