import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isAlive } from '../../src-main/system/alive.ts';
import { addressOf, findServed } from '../../src-main/shells/serve/served.ts';
import type { Served } from '../../src-main/shells/serve/served.ts';
import { startCli } from '../helpers/cli.ts';
import type { CliAnswer } from '../helpers/cli.ts';
import { temporaryFolder } from '../helpers/workbench.ts';

async function run(workspace: string, ...args: string[]): Promise<CliAnswer> {
  const child = startCli(workspace, args);
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stdout, stderr };
}

async function serving(workspace: string): Promise<Served> {
  const served = await findServed(workspace);
  if (served === null || served === 'starting') throw new Error('nothing serves the workspace');
  return served;
}

function newWorkspace(): string {
  const workspace = path.join(temporaryFolder(), 'workspace');
  onTestFinished(async () => {
    await run(workspace, 'serve', '--stop');
  });
  return workspace;
}

describe('flipguard serve --detach', () => {
  it('leaves one server for each workspace, which others find and end', async () => {
    const workspace = newWorkspace();
    // Two that start at once agree on one.
    const [first, second] = await Promise.all([
      run(workspace, '--json', 'serve', '--detach'),
      run(workspace, '--json', 'serve', '--detach'),
    ]);
    const served = await serving(workspace);
    const documents = [first, second].map(({ stdout }) => JSON.parse(stdout) as { pid: number; address: string });
    expect(documents.map(({ pid }) => pid)).toEqual([served.pid, served.pid]);
    expect(documents[0]?.address).not.toBe(documents[1]?.address);
    expect(isAlive(served)).toBe(true);
    // Each address opens one browser.
    const opened = await fetch(documents[0]?.address ?? '', { redirect: 'manual' });
    const again = await fetch(documents[0]?.address ?? '', { redirect: 'manual' });
    expect([opened.status, again.status]).toEqual([303, 401]);
    const stopped = await run(workspace, '--json', 'serve', '--stop');
    expect(JSON.parse(stopped.stdout)).toMatchObject({ stopped: true, pid: served.pid });
    expect([isAlive(served), await findServed(workspace)]).toEqual([false, null]);
    expect(readdirSync(path.join(workspace, 'locks'))).toEqual([]);
    expect(readFileSync(path.join(workspace, 'serve.log'), 'utf8')).toMatch(
      /Serving .* at port \d+\.\n.*Asked to end\./s,
    );
    expect((await run(workspace, 'serve', '--stop')).stdout).toContain('Nothing serves');
  });

  it('shows its key and tokens to nobody else: not in arguments, not in the log, not to pages', async () => {
    const workspace = newWorkspace();
    await run(workspace, 'serve', '--detach');
    const served = await serving(workspace);
    const token = new URL(await addressOf(served)).searchParams.get('token') ?? '';
    const log = readFileSync(served.log ?? '', 'utf8');
    const words = existsSync('/proc') ? readFileSync(`/proc/${served.pid}/cmdline`, 'utf8') : '';
    for (const text of [log, words]) {
      expect(text).not.toContain(served.key);
      expect(text).not.toContain(token);
    }
    expect(statSync(path.join(workspace, 'locks', 'serve.json')).mode & 0o077).toBe(0);
    const ask = async (headers: Record<string, string>, method = 'POST') =>
      (await fetch(`http://127.0.0.1:${served.port}/control/token`, { method, headers })).status;
    const key = { 'x-flipguard-key': served.key };
    expect([
      await ask({}),
      await ask({ 'x-flipguard-key': `${served.key}x` }),
      await ask({ ...key, origin: `http://127.0.0.1:${served.port}` }),
      await ask(key, 'GET'),
      await ask(key),
    ]).toEqual([403, 403, 403, 403, 200]);
  });

  it('takes no later process with the same number for a server', async () => {
    const workspace = newWorkspace();
    await run(workspace, 'list', 'runs');
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    onTestFinished(() => {
      other.kill();
    });
    const stale = { pid: other.pid, born: '1', what: 'serve' };
    mkdirSync(path.join(workspace, 'locks'), { recursive: true });
    writeFileSync(path.join(workspace, 'locks', 'serve.lock'), JSON.stringify(stale));
    const note = { ...stale, port: 9, version: '0', startedAt: 0, key: 'k', log: null };
    writeFileSync(path.join(workspace, 'locks', 'serve.json'), JSON.stringify(note));
    const stopped = await run(workspace, 'serve', '--stop');
    expect(stopped.stdout).toContain('Nothing serves');
    expect(other.exitCode ?? other.signalCode).toBeNull();
    expect(JSON.parse((await run(workspace, '--json', 'serve', '--detach')).stdout)).toMatchObject({ started: true });
  });

  it('writes nothing into a folder that is somebody’s', async () => {
    const folder = temporaryFolder();
    writeFileSync(path.join(folder, 'thesis.txt'), 'x');
    const refused = await run(folder, 'serve', '--detach');
    expect([refused.status, readdirSync(folder)]).toEqual([2, ['thesis.txt']]);
    expect(refused.stderr).toContain('is not a workspace');
  });
});
