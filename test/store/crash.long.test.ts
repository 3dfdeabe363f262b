import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { temporaryFolder } from './workspace.ts';

const child = fileURLToPath(new URL('./crash-child.ts', import.meta.url));
/** Kills in all; each life of the workspace checks what the one before it was promised. */
const kills = 50;
const chains = 2;

/** One life: checks, works, and dies `moment` steps after its check. Answers what went wrong before that, if anything. */
function liveAndDie(folder: string, log: string, seed: string, moment: number): Promise<string> {
  return new Promise((resolve) => {
    const process_ = spawn(process.execPath, [child, folder, log, seed], { stdio: ['ignore', 'pipe', 'pipe'] });
    let errors = '';
    let steps = -1;
    process_.stderr.on('data', (data: Buffer) => (errors += data.toString()));
    createInterface({ input: process_.stdout }).on('line', (line) => {
      if (line === 'checked') steps = 0;
      else if (steps >= 0) steps++;
      if (steps >= moment) process_.kill('SIGKILL');
    });
    process_.on('close', (code, signal) => resolve(signal === 'SIGKILL' ? '' : `ended with ${code}: ${errors}`));
  });
}

/** Numbers that look random and are the same every time. */
function momentOf(life: number): number {
  return (Math.imul(life + 1, 2_654_435_761) >>> 8) % 37;
}

test('the workspace survives kill -9 at any moment: what was acknowledged is there, nothing half-made is shown', async () => {
  let promises = 0;
  const chain = async (number: number): Promise<string[]> => {
    const folder = temporaryFolder();
    const log = join(folder, 'acknowledged.ndjson');
    const problems: string[] = [];
    for (let life = number; life < kills; life += chains) {
      problems.push(await liveAndDie(folder, log, String(life), momentOf(life)));
    }
    problems.push(await liveAndDie(folder, log, 'check', Infinity));
    promises += readFileSync(log, 'utf8').split('\n').length;
    return problems;
  };
  const problems = (await Promise.all(Array.from({ length: chains }, (_, number) => chain(number)))).flat();
  // The last life of each chain only checks and ends by itself.
  expect(problems.filter((problem) => problem !== '')).toEqual(Array(chains).fill('ended with 0: '));
  expect(promises).toBeGreaterThan(kills);
}, 600_000);
