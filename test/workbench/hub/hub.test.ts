import { createHash } from 'node:crypto';
import { lstat, mkdir, mkdtemp, readFile, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHub } from '../../../src-main/workbench/hub/hub.ts';
import type { HubName } from '../../../src-main/workbench/hub/hub-name.ts';
import { hubSettings } from '../../../src-main/workbench/hub/settings.ts';
import { quietTask } from '../../../src-main/workbench/supervision/task.ts';
import { type MiniHub, type MiniHubOptions, startMiniHub } from '../../helpers/mini-hub.ts';

const config = JSON.stringify({
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: 8,
  hidden_size: 4,
  intermediate_size: 4,
  num_hidden_layers: 1,
  num_attention_heads: 1,
  max_position_embeddings: 8,
});
/** Not a whole model: what the Hub's part does ends where the folder begins. */
const weights = Buffer.from(Array.from({ length: 5000 }, (_, i) => i % 251));
const files = { 'config.json': config, 'model.safetensors': weights, 'pytorch_model.bin': 'left where it is' };
const tiny: HubName = { kind: 'model', repository: 'someone/tiny', revision: 'main' };

let home: string;
let hub: MiniHub;
beforeEach(async () => (home = await mkdtemp(path.join(os.tmpdir(), 'flipguard-hub-'))));
afterEach(async () => {
  await hub.close();
  await rm(home, { recursive: true });
});

async function start(options: Partial<MiniHubOptions> = {}, env: NodeJS.ProcessEnv = {}) {
  hub = await startMiniHub({ repositories: { 'models/someone/tiny': { files, licence: 'mit' } }, ...options });
  const settings = () => hubSettings({ HF_ENDPOINT: `${hub.address}/`, HF_HOME: home, ...env });
  return createHub(settings);
}

const cache = (...parts: string[]) => path.join(home, 'hub', 'models--someone--tiny', ...parts);
const fetches = (name: string) => hub.requests.filter(({ url }) => url.endsWith(name));

describe('a model by its name', () => {
  it('is in the shared cache: blobs by digest, a snapshot of links, and what main stood for', async () => {
    const lines: string[] = [];
    const { folder, source } = await (await start()).model(tiny, quietTask(), (line) => lines.push(line));
    const commit = hub.commitOf('models/someone/tiny');
    expect(source).toEqual({ repository: 'someone/tiny', revision: 'main', commit, licence: 'mit' });
    expect(folder).toBe(cache('snapshots', commit));
    expect((await readdir(folder)).sort()).toEqual(['config.json', 'model.safetensors']);
    expect(await readFile(path.join(folder, 'model.safetensors'))).toEqual(weights);
    const link = await readlink(path.join(folder, 'model.safetensors'));
    expect(link).toMatch(/^\.\.[/\\]\.\.[/\\]blobs[/\\][0-9a-f]{64}$/);
    expect(await readFile(cache('refs', 'main'), 'utf8')).toBe(commit);
    expect((await readdir(cache('blobs'))).filter((name) => name.endsWith('.incomplete'))).toEqual([]);
    expect(lines).toEqual([`someone/tiny@${commit.slice(0, 12)}: 2 files, 5.19 kB; licence: mit`]);
  });

  it('is fetched once', async () => {
    const opened = await start();
    await opened.model(tiny, quietTask());
    const lines: string[] = [];
    await opened.model(tiny, quietTask(), (line) => lines.push(line));
    expect(fetches('model.safetensors')).toHaveLength(1);
    expect(lines[0]).toContain('all of it in the cache');
  });

  it('is taken up by range where the connection broke', async () => {
    const opened = await start({ cutAfter: 1200 });
    const { folder } = await opened.model(tiny, quietTask());
    expect(await readFile(path.join(folder, 'model.safetensors'))).toEqual(weights);
    expect(fetches('model.safetensors').map(({ range }) => range)).toEqual([null, 'bytes=1200-']);
  });

  it('continues from what an earlier command left, unless that was of something else', async () => {
    const opened = await start();
    const draft = cache('blobs', `${createHash('sha256').update(weights).digest('hex')}.incomplete`);
    await mkdir(path.dirname(draft), { recursive: true });
    await writeFile(draft, weights.subarray(0, 700));
    await opened.model(tiny, quietTask());
    expect(fetches('model.safetensors').map(({ range }) => range)).toEqual(['bytes=700-']);
    await rm(cache(), { recursive: true });
    await mkdir(path.dirname(draft), { recursive: true });
    await writeFile(draft, Buffer.alloc(700, 7));
    const { folder } = await opened.model(tiny, quietTask());
    expect(await readFile(path.join(folder, 'model.safetensors'))).toEqual(weights);
  });

  it('is refused when its content is not what the digest names, and nothing of it stays', async () => {
    const opened = await start({ damaged: true });
    await expect(opened.model(tiny, quietTask())).rejects.toMatchObject({
      code: 'corrupt',
      place: { file: 'model.safetensors' },
    });
    const left = await readdir(cache('blobs'));
    expect(left).toHaveLength(1);
    await expect(lstat(cache('snapshots', hub.commitOf('models/someone/tiny'), 'model.safetensors'))).rejects.toThrow();
  });

  it('opens offline, and says when it is not in the cache', async () => {
    const opened = await start();
    const { folder } = await opened.model(tiny, quietTask());
    const before = hub.requests.length;
    const offline = createHub(() => hubSettings({ HF_ENDPOINT: hub.address, HF_HOME: home, HF_HUB_OFFLINE: '1' }));
    expect((await offline.model(tiny, quietTask())).folder).toBe(folder);
    expect(await offline.cached()).toMatchObject([
      { repository: 'someone/tiny', commit: hub.commitOf('models/someone/tiny'), revisions: ['main'], folder },
    ]);
    await expect(offline.model({ ...tiny, repository: 'someone/else' }, quietTask())).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('is not in the cache'),
      remedy: expect.stringContaining('HF_HUB_OFFLINE'),
    });
    expect(hub.requests).toHaveLength(before);
  });

  it('is fetched again where the cache holds a part of a file under the name of the whole', async () => {
    const opened = await start();
    const { folder } = await opened.model(tiny, quietTask());
    const blob = cache('blobs', createHash('sha256').update(weights).digest('hex'));
    await writeFile(blob, weights.subarray(0, 900));
    const lines: string[] = [];
    await opened.model(tiny, quietTask(), (line) => lines.push(line));
    expect(await readFile(path.join(folder, 'model.safetensors'))).toEqual(weights);
    expect(lines[0]).toMatch(/, 186 B of it in the cache;/);
  });

  it('offline, is found by its commit or the beginning of it, and says which commits there are', async () => {
    await (await start()).model(tiny, quietTask());
    const commit = hub.commitOf('models/someone/tiny');
    await rm(cache('refs'), { recursive: true });
    const offline = createHub(() => hubSettings({ HF_HOME: home, HF_HUB_OFFLINE: '1' }));
    for (const revision of [commit, commit.slice(0, 8)]) {
      const { folder } = await offline.model({ ...tiny, revision }, quietTask());
      expect(folder).toBe(cache('snapshots', commit));
    }
    await expect(offline.model(tiny, quietTask())).rejects.toMatchObject({
      message: expect.stringContaining('someone/tiny at main is not in the cache'),
      remedy: expect.stringContaining(`someone/tiny@${commit.slice(0, 12)}`),
    });
    await rm(cache('snapshots', commit, 'model.safetensors'));
    await expect(offline.model({ ...tiny, revision: commit }, quietTask())).rejects.toMatchObject({
      code: 'not-found',
      message: 'The cache does not hold all of someone/tiny: only config.json.',
    });
  });

  it('opens from the cache where the Hub cannot be reached', async () => {
    const opened = await start();
    const { folder } = await opened.model(tiny, quietTask());
    const unreached = createHub(() => hubSettings({ HF_ENDPOINT: 'http://127.0.0.1:9', HF_HOME: home }));
    expect((await unreached.model(tiny, quietTask())).folder).toBe(folder);
    await expect(unreached.model({ ...tiny, repository: 'someone/else' }, quietTask())).rejects.toMatchObject({
      code: 'unavailable',
      message: 'http://127.0.0.1:9 cannot be reached.',
    });
  });

  it('ends when it is cancelled, and keeps what it has', async () => {
    const opened = await start();
    const stop = new AbortController();
    const task = { signal: stop.signal, progress: (phase: string) => phase.startsWith('downloading') && stop.abort() };
    await expect(opened.model(tiny, task as never)).rejects.toMatchObject({ code: 'cancelled' });
    const { folder } = await opened.model(tiny, quietTask());
    expect(await readFile(path.join(folder, 'model.safetensors'))).toEqual(weights);
  });
});

describe('a token', () => {
  it('of the environment or of a login goes to the Hub and to no other origin', async () => {
    const gated = { 'models/someone/tiny': { files, gated: true } };
    const opened = await start({ repositories: gated, token: 'a-secret', elsewhere: true }, { HF_TOKEN: 'a-secret' });
    await opened.model(tiny, quietTask());
    const seen = new Set(hub.requests.map(({ at, withToken }) => `${at} ${withToken}`));
    expect([...seen].sort()).toEqual(['hub true', 'store false']);
    await rm(cache(), { recursive: true });
    await writeFile(path.join(home, 'token'), 'a-secret\n');
    const loggedIn = createHub(() => hubSettings({ HF_ENDPOINT: hub.address, HF_HOME: home }));
    await loggedIn.model(tiny, quietTask());
  });

  it('that is missing, or has no access, is said with the next step', async () => {
    const gated = { 'models/someone/tiny': { files, gated: true } };
    const opened = await start({ repositories: gated, token: 'right' });
    await expect(opened.model(tiny, quietTask())).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('is gated'),
      remedy: expect.stringContaining('set HF_TOKEN'),
    });
    const other = createHub(() => hubSettings({ HF_ENDPOINT: hub.address, HF_HOME: home, HF_TOKEN: 'another' }));
    await expect(other.model(tiny, quietTask())).rejects.toMatchObject({
      remedy: expect.stringContaining('has no access yet'),
    });
  });
});

describe('what is not there, or not read, is said', () => {
  const repositories = {
    'models/someone/tiny': { files },
    'models/someone/pickled': { files: { 'config.json': config, 'pytorch_model.bin': 'x' } },
    'models/someone/ggufs': { files: { 'a.gguf': 'x' } },
    'models/someone/mixture': {
      files: { 'config.json': config.replace('"llama"', '"qwen3_moe","num_experts":8'), 'model.safetensors': weights },
    },
  };
  const cases: [name: Partial<HubName>, code: string, message: RegExp][] = [
    [{ repository: 'someone/nothing' }, 'not-found', /does not exist at http:.*, or it is private/],
    [{ revision: 'v9' }, 'not-found', /has no revision “v9”/],
    [{ repository: 'someone/pickled' }, 'unsupported', /pickles, which run code when they are opened/],
    [{ repository: 'someone/ggufs' }, 'unsupported', /GGUF files alone/],
    [{ repository: 'someone/mixture' }, 'unsupported', /someone\/mixture\/config.json: mixtures of experts are not/],
  ];
  it.each(cases)('%o', async (name, code, message) => {
    const opened = await start({ repositories });
    await expect(opened.model({ ...tiny, ...name }, quietTask())).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
      remedy: expect.any(String),
    });
    expect(fetches('model.safetensors')).toEqual([]);
  });
});

describe('data by its name', () => {
  const pairs: HubName = { kind: 'dataset', repository: 'someone/pairs', revision: 'main' };
  const rows = '{"prompt":"a","chosen":"b","rejected":"c"}\n';

  it('is the split that was asked for, in all its parts, of the converted branch where there is nothing else', async () => {
    const repositories = {
      'datasets/someone/pairs': {
        files: { 'train-00000-of-00002.jsonl': rows, 'train-00001-of-00002.jsonl': rows, 'test.jsonl': rows },
        licence: 'cc-by-4.0',
      },
      'datasets/someone/script': {
        files: { 'script.py': 'import this' },
        branches: { 'refs/convert/parquet': { 'default/train/0000.parquet': 'x', 'default/test/0000.parquet': 'y' } },
      },
      'datasets/someone/images': { files: { 'a.png': 'x' } },
    };
    const opened = await start({ repositories });
    const named = async (name: HubName, choice = {}) =>
      (await opened.dataset(name, choice, quietTask())).files.map((file) => path.basename(file));
    expect(await named(pairs)).toEqual(['train-00000-of-00002.jsonl', 'train-00001-of-00002.jsonl']);
    expect((await opened.dataset(pairs, {}, quietTask())).source).toEqual({
      repository: 'someone/pairs',
      revision: 'main',
      commit: hub.commitOf('datasets/someone/pairs'),
      licence: 'cc-by-4.0',
    });
    expect(await named(pairs, { split: 'test' })).toEqual(['test.jsonl']);
    expect(await named({ ...pairs, repository: 'someone/script' }, { split: 'test' })).toEqual(['0000.parquet']);
    await expect(named(pairs, { split: 'prefs' })).rejects.toMatchObject({
      code: 'not-found',
      remedy: expect.stringContaining('train, test'),
    });
    await expect(named({ ...pairs, repository: 'someone/images' })).rejects.toMatchObject({ code: 'unsupported' });
  });
});
