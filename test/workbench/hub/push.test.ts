import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeAll, afterAll, expect, test, vi } from 'vitest';
import { documentOf, flipguard } from '../../helpers/cli.ts';
import { type MiniHub, type MiniRepository, startMiniHub } from '../../helpers/mini-hub.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'flipguard-push-'));
const workspace = path.join(folder, 'workspace');
const quickModel = path.join(import.meta.dirname, '..', '..', '..', 'resources', 'quick-model');
const token = 'hf_ATokenThatNobodyMayRead';
let hub: MiniHub;

beforeAll(async () => {
  cpSync(quickModel, path.join(folder, 'quick'), { recursive: true });
  await flipguard(workspace, 'import', 'model', path.join(folder, 'quick'), '--name', 'quick');
  for (const [name, output] of [
    ['old', 'yes'],
    ['new', 'no'],
  ] as const) {
    const file = path.join(folder, `${name}.jsonl`);
    const lines = ['a', 'b'].map((id) =>
      JSON.stringify({ id, prompt: id, output, correct: name === 'old' || id === 'a' }),
    );
    await writeFile(file, lines.join('\n'));
    await flipguard(workspace, 'import', 'eval', file, '--name', name);
  }
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await hub.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function start(repositories: Record<string, MiniRepository>, withToken = true): Promise<void> {
  hub = await startMiniHub({ repositories, token });
  vi.stubEnv('HF_ENDPOINT', hub.address);
  vi.stubEnv('HF_HOME', path.join(folder, 'home'));
  if (withToken) vi.stubEnv('HF_TOKEN', token);
}

const textOf = (content: string | Uint8Array | undefined) => Buffer.from(content ?? '').toString();

test('a checkpoint goes to a new private repository, whole, with its card, and comes back by its name', async () => {
  const repositories: Record<string, MiniRepository> = {};
  await start(repositories);
  const out = path.join(folder, 'whole');
  const answer = await flipguard(workspace, 'export', 'checkpoint', 'quick', '--out', out, '--push', 'me/quick');
  expect([answer.status, answer.stderr.includes('hf_')]).toEqual([0, false]);
  expect(answer.stdout).toContain(
    `Uploaded: ${hub.address}/me/quick, a new repository that only you see until you make it public; its card is README.md.`,
  );
  const made = repositories['models/me/quick']!;
  expect([made.visibility, Object.keys(made.files).sort()]).toEqual([
    'private',
    [...(await readdir(out)), 'README.md'].sort(),
  ]);
  for (const name of await readdir(out)) {
    expect(Buffer.from(made.files[name]!).equals(readFileSync(path.join(out, name)))).toBe(true);
  }
  expect(textOf(made.files['README.md'])).toMatch(
    /^---\nlibrary_name: transformers\ntags:\n {2}- flipguard\n---[^]*# quick\n\n## Base\n\nquick\n[^]*## Method\n\nNot trained here\.\n[^]*from_pretrained\("me\/quick"\)/,
  );
  // The store, which is another server, never saw the token.
  expect(hub.requests.filter(({ at, withToken }) => at === 'store' && withToken)).toEqual([]);
  expect(hub.requests.some(({ at, method }) => at === 'store' && method === 'PUT')).toBe(true);
  const back = await flipguard(workspace, 'import', 'model', 'me/quick', '--name', 'back', '--json');
  expect(back.status).toBe(0);
});

test('a report goes into a repository whose own card stays, and says which flips it is about', async () => {
  const repositories: Record<string, MiniRepository> = { 'models/me/results': { files: { 'README.md': 'Mine.' } } };
  await start(repositories);
  const out = path.join(folder, 'flips.html');
  const answer = await flipguard(workspace, 'export', 'report', 'old', 'new', '--out', out, '--push', 'me/results');
  expect([answer.status, answer.stderr]).toEqual([0, expect.any(String)]);
  expect(answer.stdout).toContain(`Uploaded: ${hub.address}/me/results; its card is FLIPGUARD.md.`);
  const { files } = repositories['models/me/results']!;
  const [report] = documentOf<{ fileName: string }[]>(await flipguard(workspace, 'list', 'reports', '--json'));
  expect(Object.keys(files).sort()).toEqual(['FLIPGUARD.md', 'README.md', report!.fileName].sort());
  expect(textOf(files[report!.fileName])).toBe(readFileSync(out, 'utf8'));
  expect(textOf(files['README.md'])).toBe('Mine.');
  // One of two flipped: its Wilson interval is 9.45 % to 90.55 %.
  expect(textOf(files['FLIPGUARD.md'])).toContain('| old → new | 2 | 1 | 0 | 50.0 % (9.5 to 90.5 %) |');
});

test.each([
  [['dataset', 'd'], 'me/x', 'A dataset is not uploaded.'],
  [['checkpoint', 'quick'], 'no-slash', '“no-slash” is no repository of the Hub.'],
  [['checkpoint', 'quick'], 'me/x@branch', '“me/x@branch” is no repository of the Hub.'],
])('export %j --push %s is refused before anything is written', async (what, to, sentence) => {
  await start({});
  const out = path.join(folder, 'refused');
  const answer = await flipguard(workspace, 'export', ...what, '--out', out, '--push', to);
  expect([answer.status, answer.stderr.includes(sentence)]).toEqual([2, true]);
  await expect(readFile(out)).rejects.toThrow(/ENOENT/);
  expect(hub.requests).toEqual([]);
});

test('without a token, and with one that may not write, a sentence says so', async () => {
  await start({}, false);
  vi.stubEnv('HF_TOKEN', '');
  const none = await flipguard(
    workspace,
    'export',
    'checkpoint',
    'quick',
    '--out',
    path.join(folder, 'n1'),
    '--push',
    'me/x',
  );
  expect([none.status === 0, none.stderr]).toEqual([
    false,
    expect.stringContaining('needs a token, and there is none'),
  ]);
  vi.stubEnv('HF_TOKEN', 'hf_AnotherOne');
  const wrong = await flipguard(
    workspace,
    'export',
    'checkpoint',
    'quick',
    '--out',
    path.join(folder, 'n2'),
    '--push',
    'me/x',
  );
  expect([wrong.status === 0, wrong.stderr]).toEqual([
    false,
    expect.stringContaining('does not allow this with the token'),
  ]);
});
