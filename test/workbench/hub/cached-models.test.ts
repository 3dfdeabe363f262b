import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { cachedModels, snapshotSource } from '../../../src-main/workbench/hub/cached-models.ts';

let cache: string;
beforeEach(async () => (cache = await mkdtemp(path.join(os.tmpdir(), 'flipguard-cache-'))));
afterEach(() => rm(cache, { recursive: true }));

const commitOf = (letter: string) => letter.repeat(40);

/** A repository as the Hub's tools leave it: snapshots of links to blobs; a null is a link whose blob never came. */
async function repository(
  name: string,
  snapshots: Record<string, Record<string, number | null>>,
  refs: Record<string, string> = {},
): Promise<void> {
  const home = path.join(cache, name);
  for (const [letter, files] of Object.entries(snapshots)) {
    const snapshot = path.join(home, 'snapshots', commitOf(letter));
    await mkdir(snapshot, { recursive: true });
    await mkdir(path.join(home, 'blobs'), { recursive: true });
    for (const [file, bytes] of Object.entries(files)) {
      const blob = path.join(home, 'blobs', `${letter}-${file}`);
      if (bytes !== null) await writeFile(blob, Buffer.alloc(bytes));
      await symlink(path.relative(snapshot, blob), path.join(snapshot, file));
    }
  }
  for (const [ref, text] of Object.entries(refs)) {
    const file = path.join(home, 'refs', ...ref.split('/'));
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}

const whole = { 'config.json': 3, 'model.safetensors': 100 };
const shard = (i: number) => `model-0000${i}-of-00002.safetensors`;

it('offers what is whole, each revision by the names that stood for it, and nothing else', async () => {
  await repository(
    'models--org--many',
    { a: whole, b: { ...whole, 'model.safetensors': 200 }, c: whole, d: { 'config.json': 3 } },
    { main: commitOf('b'), 'refs/pr/7': commitOf('a'), v1: `${commitOf('a')}\n`, gone: commitOf('e') },
  );
  await repository('models--gpt2', { f: { 'config.json': 3, [shard(1)]: 10, [shard(2)]: 20 } });
  await repository('models--org--tuned', {
    a: { 'adapter_config.json': 3, 'adapter_model.safetensors': 7, 'README.md': 9 },
  });
  // A shard that never came, one that is not there, an empty file, pickles alone, an encoder's parts in folders, a dataset.
  await repository('models--org--broken', { a: { 'config.json': 3, [shard(1)]: 10, [shard(2)]: null } });
  await repository('models--org--half', { a: { 'config.json': 3, [shard(1)]: 10 } });
  await repository('models--org--empty', { a: { ...whole, 'model.safetensors': 0 } });
  await repository('models--org--pickled', { a: { 'config.json': 3, 'pytorch_model.bin': 10 } });
  await repository('models--org--no-snapshots', {}, { main: commitOf('a') });
  await repository('datasets--org--rows', { a: whole });
  await writeFile(path.join(cache, 'models--org--a-file'), '');
  await mkdir(path.join(cache, 'models--org--many', 'snapshots', 'not-a-commit'));

  const found = await cachedModels(cache);
  expect(
    found.map(({ repository: name, commit, revisions, kind, sizeBytes }) => [
      name,
      commit[0],
      revisions,
      kind,
      sizeBytes,
    ]),
  ).toEqual([
    ['gpt2', 'f', [], 'model', 30],
    ['org/many', 'b', ['main'], 'model', 200],
    ...[expect.arrayContaining(['org/many']), expect.arrayContaining(['org/many'])],
    ['org/tuned', 'a', [], 'adapter', 7],
  ]);
  expect(
    found.find(({ repository: name, commit }) => name === 'org/many' && commit === commitOf('a'))?.revisions,
  ).toEqual(['refs/pr/7', 'v1']);
  expect(await Promise.all(found.slice(0, 2).map(({ folder }) => snapshotSource(folder)))).toEqual([
    { repository: 'gpt2', revision: commitOf('f'), commit: commitOf('f') },
    { repository: 'org/many', revision: 'main', commit: commitOf('b') },
  ]);
});

it('has nothing to offer where there is no cache, and no source for a folder outside one', async () => {
  expect(await cachedModels(path.join(cache, 'nowhere'))).toEqual([]);
  expect(await snapshotSource(path.join(cache, 'models--a--b', 'main'))).toBeNull();
});
