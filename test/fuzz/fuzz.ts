// Seeded mutations of our own small files against every reader of other people's bytes. `npm run test:fuzz` tries thousands of
// each kind, `npm test` a few hundred. Each has to be answered: by data, or by an error of ours. Anything else is lost, and its
// file is kept and named.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { fuzzKinds } from './kinds.ts';

export interface Tally {
  kind: string;
  tried: number;
  answered: number;
  lost: string[];
}

/** Silence of a child that means an endless loop: many times what the slowest mutation takes. */
const silentMs = 30_000;
const heapMb = 512;

type Report = { at: number; file: string } | { answered: number } | { thrown: string } | { done: true };

/** Mutations `0 … count - 1` of a kind, in children that are replaced when a mutation ends or holds one. */
export async function fuzz(kind: string, count: number, seed: number): Promise<Tally> {
  const tally: Tally = { kind, tried: count, answered: 0, lost: [] };
  const folder = mkdtempSync(path.join(tmpdir(), 'flipguard-fuzz-'));
  try {
    for (let from = 0; from < count;) from = await runChild(kind, { from, count, seed, folder }, tally);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return tally;
}

function runChild(
  kind: string,
  range: { from: number; count: number; seed: number; folder: string },
  tally: Tally,
): Promise<number> {
  const child: ChildProcess = spawn(
    process.execPath,
    [
      `--max-old-space-size=${heapMb}`,
      '--disable-warning=ExperimentalWarning',
      path.join(import.meta.dirname, 'child.ts'),
      JSON.stringify({ kind, ...range }),
    ],
    { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] },
  );
  let at = range.from;
  let file = '';
  let done = false;
  let timer = setTimeout(() => child.kill('SIGKILL'), silentMs);
  const lose = (why: string): void => {
    const kept = path.join(tmpdir(), `flipguard-fuzz-${kind}-${range.seed}-${at}${path.extname(file)}`);
    if (file !== '') copyFileSync(file, kept);
    tally.lost.push(`${kind} ${at}: ${why} (${kept})`);
  };
  return new Promise((resolve) => {
    child.on('message', (report: Report) => {
      clearTimeout(timer);
      timer = setTimeout(() => child.kill('SIGKILL'), silentMs);
      if ('at' in report) ({ at, file } = report);
      else if ('answered' in report) tally.answered += report.answered;
      else if ('thrown' in report) lose(report.thrown);
      else done = true;
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (done) return resolve(range.count);
      lose(signal === 'SIGKILL' ? 'no answer' : `the process ended (${code ?? signal})`);
      resolve(at + 1);
    });
  });
}

/** `npm run test:fuzz -- [COUNT] [SEED] [KIND…]` */
async function main(): Promise<void> {
  const count = Number(process.argv[2] ?? 5000);
  const seed = Number(process.argv[3] ?? 1);
  const kinds = process.argv.length > 4 ? process.argv.slice(4) : Object.keys(fuzzKinds);
  const sum = { tried: 0, answered: 0, lost: 0 };
  for (const kind of kinds) {
    const tally = await fuzz(kind, count, seed);
    process.stdout.write(lineOf(kind, { ...tally, lost: tally.lost.length }));
    for (const one of tally.lost) process.stdout.write(`  ${one}\n`);
    sum.tried += tally.tried;
    sum.answered += tally.answered;
    sum.lost += tally.lost.length;
  }
  process.stdout.write(lineOf('all', sum));
  process.exitCode = sum.lost === 0 ? 0 : 1;
}

function lineOf(kind: string, { tried, answered, lost }: { tried: number; answered: number; lost: number }): string {
  return `${kind.padEnd(22)} tried ${tried}, answered ${answered}, lost ${lost}\n`;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
