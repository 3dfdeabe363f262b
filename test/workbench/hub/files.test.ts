import { describe, expect, it } from 'vitest';
import { chooseDataFiles } from '../../../src-main/workbench/hub/data-files.ts';
import { evaluationFiles } from '../../../src-main/workbench/hub/evaluation-files.ts';
import { parseHubName } from '../../../src-main/workbench/hub/hub-name.ts';
import type { Repository } from '../../../src-main/workbench/hub/repository.ts';
import { hubSettings } from '../../../src-main/workbench/hub/settings.ts';

const repositoryOf = (...paths: string[]): Repository => ({
  name: { kind: 'dataset', repository: 'someone/data', revision: 'main' },
  commit: 'c'.repeat(40),
  licence: null,
  files: paths.map((path) => ({ path, sizeBytes: 1, digest: { kind: 'git', hex: path } })),
});

describe('a name of the Hub', () => {
  it.each([
    ['google/gemma-3-1b-it', ['google/gemma-3-1b-it', 'main']],
    ['allenai/OLMo-2-0425-1B@stage1-step100', ['allenai/OLMo-2-0425-1B', 'stage1-step100']],
    ['a/b@refs/pr/4', ['a/b', 'refs/pr/4']],
  ])('%s', (text, [repository, revision]) => {
    expect(parseHubName('model', text)).toEqual({ kind: 'model', repository, revision });
  });
  it.each(['a', './a/b', '/a/b', 'a/b/c', '../a', 'a/..', 'https://host/a'])('%s is none', (text) => {
    expect(parseHubName('model', text)).toBeNull();
  });
  it.each(['a/b@', 'a/b@../x', 'a/b@a b'])('%s has no revision to ask for', (text) => {
    expect(() => parseHubName('model', text)).toThrow(/is not a revision/);
  });
});

describe('the environment', () => {
  it('names cache and endpoint as it does for the Python tools', () => {
    const folder = (env: NodeJS.ProcessEnv) => hubSettings(env).cacheFolder;
    expect(folder({ HF_HUB_CACHE: '/c', HF_HOME: '/h' })).toBe('/c');
    expect(folder({ HF_HOME: '/h', XDG_CACHE_HOME: '/x' })).toBe('/h/hub');
    expect(folder({ XDG_CACHE_HOME: '/x' })).toBe('/x/huggingface/hub');
    expect(hubSettings({}).endpoint).toBe('https://huggingface.co');
    expect(hubSettings({ HF_ENDPOINT: 'http://mirror/hub//' }).endpoint).toBe('http://mirror/hub');
    expect(() => hubSettings({ HF_ENDPOINT: 'file:///etc' })).toThrow(/HF_ENDPOINT is “file:\/\/\/etc”/);
    expect(['1', 'TRUE', 'yes', '0', ''].map((on) => hubSettings({ HF_HUB_OFFLINE: on }).offline)).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
  });
});

describe('files of a split', () => {
  const chosen = (repository: Repository, choice = {}, card: string | null = null) =>
    chooseDataFiles(repository, card, choice).files.map(({ path }) => path);

  it('by their names', () => {
    const mixed = repositoryOf(
      'data/train-00001-of-00002.parquet',
      'data/train-00000-of-00002.parquet',
      'data/test-00000-of-00001.parquet',
      'README.md',
    );
    expect(chosen(mixed)).toEqual(['data/train-00000-of-00002.parquet', 'data/train-00001-of-00002.parquet']);
    expect(chosen(mixed, { split: 'test' })).toEqual(['data/test-00000-of-00001.parquet']);
    expect(chosen(repositoryOf('all.jsonl.gz'))).toEqual(['all.jsonl.gz']);
    expect(chosen(repositoryOf('dev/a.csv', 'train/a.csv'), { split: 'validation' })).toEqual(['dev/a.csv']);
  });

  it('by the table at the head of the README', () => {
    const card = `---
license: mit
configs:
- config_name: binarized
  data_files:
  - split: train_prefs
    path: binarized/train-*
  - split: test_prefs
    path: binarized/test-*.parquet
- config_name: raw
  data_files: "raw/**"
---
# A data set`;
    const data = repositoryOf(
      'binarized/train-0.parquet',
      'binarized/test-0.parquet',
      'raw/a/b.jsonl',
      'raw/a/dev.jsonl',
    );
    expect(chosen(data, { config: 'binarized', split: 'test_prefs' }, card)).toEqual(['binarized/test-0.parquet']);
    expect(chosen(data, { config: 'raw', split: 'validation' }, card)).toEqual(['raw/a/dev.jsonl']);
    expect(chosen(data, { config: 'raw' }, card)).toEqual(['raw/a/b.jsonl']);
    expect(() => chosen(data, {}, card)).toThrow(/has 2 configurations/);
    expect(() => chosen(data, { config: 'binarized' }, card)).toThrow(/has 2 splits/);
  });
});

describe('results per sample', () => {
  const logs = repositoryOf(
    'org__one/samples_gsm8k_2026-01-01T00-00-00.000.jsonl',
    'org__one/samples_gsm8k_2026-02-01T00-00-00.000.jsonl',
    'org__one/samples_arc_2026-01-01T00-00-00.000.jsonl',
    'org__one/results_2026-02-01T00-00-00.000.json',
    'org__two/samples_gsm8k_2026-01-01T00-00-00.000.jsonl',
  );
  it('are the newest of each task of one model', () => {
    expect(evaluationFiles(logs, 'org__one')).toMatchObject({
      folder: 'org__one',
      files: [
        { path: 'org__one/samples_arc_2026-01-01T00-00-00.000.jsonl' },
        { path: 'org__one/samples_gsm8k_2026-02-01T00-00-00.000.jsonl' },
        { path: 'org__one/results_2026-02-01T00-00-00.000.json' },
      ],
    });
    expect(() => evaluationFiles(logs, undefined)).toThrow(/holds results of 2 models/);
    expect(() => evaluationFiles(logs, 'org__three')).toThrow(/has no results of “org__three”/);
    expect(evaluationFiles(repositoryOf('data/train.parquet'), undefined)).toBeNull();
  });
});
