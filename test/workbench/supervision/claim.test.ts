import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { markOf } from '../../../src-main/system/alive.ts';
import { claim } from '../../../src-main/workbench/supervision/claim.ts';
import { temporaryFolder } from '../../helpers/workbench.ts';

const claimFile = () => path.join(temporaryFolder(), 'owner.lock');

/** Number of a process that has lived and is gone. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await once(child, 'exit');
  return child.pid ?? 2 ** 30;
}

describe('a claim', () => {
  test('is held by one at a time, and free once released', async () => {
    const file = claimFile();
    const first = await claim(file);
    expect(await claim(file)).toBeNull();
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(markOf());
    await first?.release();
    expect(await claim(file)).not.toBeNull();
  });

  test('of a dead process is taken over', async () => {
    const file = claimFile();
    await writeFile(file, JSON.stringify({ pid: await deadPid(), born: '1' }));
    expect(await claim(file)).not.toBeNull();
  });

  test('that cannot be read is nobody’s', async () => {
    const file = claimFile();
    await writeFile(file, 'not json');
    expect(await claim(file)).not.toBeNull();
  });

  test('goes to exactly one of many that ask at once', async () => {
    const file = claimFile();
    await writeFile(file, JSON.stringify({ pid: await deadPid(), born: '1' }));
    const claims = await Promise.all(Array.from({ length: 20 }, () => claim(file)));
    expect(claims.filter((one) => one !== null)).toHaveLength(1);
  });
});
