import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { reserveName } from '../../../src-main/workbench/workspace/open-workspace.ts';
import { documentOf, flipguard } from '../../helpers/cli.ts';
import { openTestWorkbench, temporaryFolder } from '../../helpers/workbench.ts';

/** Mounts are for administrators; elsewhere the test says that it could not be. */
function mounted(kind: 'tmpfs' | 'bind', source?: string): string | null {
  const place = mkdtempSync(path.join(tmpdir(), 'flipguard-mount-'));
  try {
    if (kind === 'tmpfs') execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', place], { stdio: 'ignore' });
    else {
      execFileSync('mount', ['--bind', source ?? '', place], { stdio: 'ignore' });
      execFileSync('mount', ['-o', 'remount,ro,bind', place], { stdio: 'ignore' });
    }
  } catch {
    rmSync(place, { recursive: true, force: true });
    return null;
  }
  onTestFinished(() => {
    execFileSync('umount', [place]);
    rmSync(place, { recursive: true, force: true });
  });
  return place;
}

const noMount = 'no file system can be mounted here (only administrators may)';

/** Made once: two evaluations and their comparison. */
let filled: string | null = null;
afterAll(() => {
  if (filled !== null) rmSync(path.dirname(filled), { recursive: true, force: true });
});

async function fill(folder: string): Promise<void> {
  filled ??= await makeFilled();
  cpSync(filled, folder, { recursive: true });
}

async function makeFilled(): Promise<string> {
  const folder = path.join(mkdtempSync(path.join(tmpdir(), 'flipguard-test-')), 'w');
  const sample = (score: number) =>
    ['a', 'b', 'c'].map((id) => ({ id, prompt: `What is ${id}?`, output: `${id} ${score}`, score }));
  for (const [name, score] of [
    ['before', 1],
    ['after', 0],
  ] as const) {
    const file = path.join(temporaryFolder(), `${name}.jsonl`);
    writeFileSync(
      file,
      sample(score)
        .map((row) => JSON.stringify(row))
        .join('\n'),
    );
    expect((await flipguard(folder, 'import', 'eval', file, '--name', name)).status).toBe(0);
  }
  expect((await flipguard(folder, 'compare', 'before', 'after')).status).toBe(0);
  return folder;
}

test('A workspace in a read-only folder opens to be read, and every write says what is read-only.', async (ctx) => {
  const folder = path.join(temporaryFolder(), 'w');
  await fill(folder);
  const place = mounted('bind', folder);
  if (place === null) return ctx.skip(noMount);
  const before = readdirSync(place).sort();
  const listed = await flipguard(place, 'list', 'evals');
  expect([listed.status, listed.stdout.includes('before'), listed.stderr.trim().split('\n')[0]]).toEqual([
    0,
    true,
    `! The workspace ${place} is read-only: it is open to be read, and nothing can be written.`,
  ]);
  const compared = await flipguard(place, '--json', 'compare', 'before', 'after');
  expect([compared.status, documentOf<{ comparison?: unknown }>(compared)]).toMatchObject([0, {}]);
  const file = path.join(temporaryFolder(), 'more.jsonl');
  writeFileSync(file, JSON.stringify({ id: 'a', prompt: 'p', output: 'o', score: 1 }));
  const refused = await flipguard(place, 'import', 'eval', file, '--name', 'more');
  expect([refused.status, refused.stderr.includes(`The workspace ${place} is read-only`)]).toEqual([3, true]);
  expect(refused.stderr).not.toMatch(/internal|\n\s+at /);
  expect(readdirSync(place).sort()).toEqual(before);
});

test('On a full disk a workspace opens, says which disk is full, and things can be removed.', async (ctx) => {
  const place = mounted('tmpfs');
  if (place === null) return ctx.skip(noMount);
  const folder = path.join(place, 'w');
  mkdirSync(folder);
  await fill(folder);
  expect(readdirSync(folder)).toContain(reserveName);
  fillDisk(place);
  const listed = await flipguard(folder, 'list', 'evals');
  expect([listed.status, listed.stdout.includes('after'), listed.stderr.split('\n')[0]]).toEqual([
    0,
    true,
    `! The disk that holds the workspace ${folder} is full. Its reserve was given back, so that you can remove things.`,
  ]);
  const workbench = await openTestWorkbench({ folder });
  const [evaluation] = await workbench.core.store.listEvaluations();
  await workbench.core.store.removeEvaluation(evaluation?.id ?? '');
  expect(await workbench.core.store.listEvaluations()).toHaveLength(1);
  await workbench.close();
});

test('On a full disk without a reserve what is there can be read.', async (ctx) => {
  const place = mounted('tmpfs');
  if (place === null) return ctx.skip(noMount);
  const folder = path.join(place, 'w');
  mkdirSync(folder);
  await fill(folder);
  rmSync(path.join(folder, reserveName));
  fillDisk(place);
  const listed = await flipguard(folder, 'list', 'evals');
  expect([listed.status, listed.stdout.includes('after'), listed.stderr.split('\n')[0]]).toEqual([
    0,
    true,
    `! The disk that holds the workspace ${folder} is full. The workspace is open to be read; nothing can be written.`,
  ]);
});

/** Down to the last block. */
function fillDisk(place: string): void {
  const file = path.join(place, 'full.bin');
  for (let part = 0; statfsSync(place).bavail > 0; part++) {
    const { bavail, bsize } = statfsSync(place);
    writeFileSync(`${file}.${part}`, Buffer.alloc(bavail * bsize));
  }
}

test('What an import took on a disk that it filled is given back, and things can be removed.', async (ctx) => {
  const place = mounted('tmpfs');
  if (place === null) return ctx.skip(noMount);
  const folder = path.join(place, 'w');
  await fill(folder);
  const large = path.join(temporaryFolder(), 'large.jsonl');
  const output = 'no two answers are the same '.repeat(8);
  const row = (i: number) =>
    JSON.stringify({ id: `row-${i}`, prompt: `What is ${i}?`, output: `${i} ${output}`, score: 1 });
  writeFileSync(large, Array.from({ length: 100_000 }, (_, i) => row(i)).join('\n'));
  const filling = await flipguard(folder, 'import', 'eval', large, '--name', 'large');
  expect([filling.status, filling.stderr.includes('disk is full')]).toEqual([3, true]);
  const removed = await flipguard(folder, 'delete', 'after', '--yes');
  expect([removed.status, removed.stdout.trim()]).toEqual([0, 'Deleted evaluation “after” with 1 comparison.']);
  const small = path.join(temporaryFolder(), 'small.jsonl');
  writeFileSync(small, Array.from({ length: 2000 }, (_, i) => row(i)).join('\n'));
  const next = await flipguard(folder, 'import', 'eval', small, '--name', 'small');
  expect([next.status, next.stderr.includes('disk is full')]).toEqual([0, false]);
});
