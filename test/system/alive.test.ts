import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isAlive, markOf } from '../../src-main/system/alive.ts';
import { isAlive as isOwnerAlive } from '../../src-main/store/queries/marks.ts';

describe.skipIf(process.platform !== 'linux')('a process (skipped: only Linux tells when a process was born)', () => {
  test('is not taken for a later one with the same number, by claims and by the store alike', () => {
    const own = markOf();
    expect([isAlive(own), isAlive({ ...own, born: '1' })]).toEqual([true, false]);
    const owners = [`${own.pid}:ab:${own.born}`, `${own.pid}:ab:1`, `${own.pid}:ab`, 'x:ab', '0:ab:', '-1:ab'];
    expect(owners.map(isOwnerAlive)).toEqual([true, false, true, false, false, false]);
  });

  test('that has ended is dead, also while nobody has noticed its end', async () => {
    // The shell starts `true` and becomes `sleep`, which never looks after children: a zombie stays.
    const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 600'], { stdio: ['ignore', 'pipe', 'ignore'] });
    onTestFinished(() => void parent.kill('SIGKILL'));
    const [text] = (await once(parent.stdout, 'data')) as [Buffer];
    const zombie = { pid: Number(text.toString()), born: null };
    await expect.poll(() => isAlive(zombie)).toBe(false);
    expect(process.kill(zombie.pid, 0)).toBe(true);
  });
});
