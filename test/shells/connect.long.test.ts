import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { findServed } from '../../src-main/shells/serve/served.ts';
import { isAlive } from '../../src-main/system/alive.ts';
import { cliEntry, installedCommand } from '../helpers/installed-command.ts';
import { startSshd, whyNoSshd } from '../helpers/sshd.ts';
import type { TestHost } from '../helpers/sshd.ts';
import { temporaryFolder } from '../helpers/workbench.ts';

const main = cliEntry;
const why = whyNoSshd();

describe.skipIf(why !== null)(`flipguard connect over a real sshd${why === null ? '' : ` (skipped: ${why})`}`, () => {
  let host: TestHost;
  const folder = mkdtempSync(path.join(tmpdir(), 'flipguard-sshd-'));
  beforeAll(async () => {
    host = await startSshd(folder);
  });
  afterAll(async () => {
    await host.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function connect(workspace: string, program = installedCommand(temporaryFolder())): Session {
    const words = ['connect', host.name, '--program', program, '--remote-workspace', workspace];
    return new Session(words, host.command);
  }

  it('opens the workbench there, comes back when the connection is cut, and leaves it running', async () => {
    const workspace = path.join(temporaryFolder(), 'there');
    const session = connect(workspace);
    const address = await session.says(/FlipGuard Workbench at box: (http:\S+)/);
    const served = await findServed(workspace);
    if (served === null || served === 'starting') throw new Error('nothing serves there');
    expect(new URL(address).port).not.toBe(String(served.port));
    const opened = await fetch(address, { redirect: 'manual' });
    const cookie = (opened.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    expect(opened.status).toBe(303);
    const page = async () => (await fetch(new URL('/', address), { headers: { cookie } })).status;
    const before = await page();
    expect(argumentsOf(session.child.pid ?? 0).join(' ')).not.toContain(new URL(address).searchParams.get('token'));

    host.cut();
    await session.says(/The connection to box is gone/);
    await expect(page()).rejects.toThrow();
    host.mend();
    await session.says(/Connected to box again\./);
    // The same port, and the session of the page still counts.
    expect(await page()).toBe(before);

    session.child.kill('SIGINT');
    await session.end;
    expect(isAlive(served)).toBe(true);
    await session.stopServer(workspace);
    expect(isAlive(served)).toBe(false);
  });

  it('gives another address when the server there is another one after the cut', async () => {
    const workspace = path.join(temporaryFolder(), 'there');
    const session = connect(workspace);
    const address = await session.says(/FlipGuard Workbench at box: (http:\S+)/);
    host.cut();
    await session.says(/The connection to box is gone/);
    await session.stopServer(workspace);
    host.mend();
    await session.says(/its server is another one/);
    const next = await session.says(/FlipGuard Workbench at box: (http:\S+)/, 2);
    expect(new URL(next).port).toBe(new URL(address).port);
    expect((await fetch(next, { redirect: 'manual' })).status).toBe(303);
  });

  it.each([
    ['another version', '9.9.9', /“box” has FlipGuard Workbench 9\.9\.9 .*; here it is .*\n.*git checkout v/],
    ['no workbench', null, /was not found at .*\n.*--program DIR/],
  ])('says what to run where there is %s', async (_, version, expected) => {
    const program =
      version === null ? path.join(temporaryFolder(), 'nowhere') : installedCommand(temporaryFolder(), version);
    const workspace = path.join(temporaryFolder(), 'there');
    const session = connect(workspace, program);
    expect(await session.end).not.toBe(0);
    expect(session.said).toMatch(expected);
    expect(existsSync(workspace)).toBe(false);
  });

  it('does not take an option for a host', async () => {
    const session = new Session(['connect', '--', '-oProxyCommand=touch'], host.command);
    expect(await session.end).toBe(2);
    expect(session.said).toContain('is not a host');
  });
});

/** `flipguard connect` in a process of its own. */
class Session {
  readonly child: ChildProcess;
  readonly end: Promise<number | null>;
  said = '';
  #heard: () => void = () => {};

  constructor(words: readonly string[], sshCommand: string) {
    const home = temporaryFolder();
    mkdirSync(home, { recursive: true });
    this.child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, FLIPGUARD_SSH_COMMAND: sshCommand, FLIPGUARD_HOME: home },
    });
    const take = (chunk: Buffer) => {
      this.said += chunk.toString('utf8');
      this.#heard();
    };
    this.child.stdout?.on('data', take);
    this.child.stderr?.on('data', take);
    this.end = once(this.child, 'close').then(([status]) => status as number | null);
    const workspace = words[words.indexOf('--remote-workspace') + 1];
    onTestFinished(async () => {
      this.child.kill('SIGKILL');
      await this.end;
      if (words.includes('--remote-workspace') && workspace !== undefined && existsSync(workspace))
        await this.stopServer(workspace);
    });
  }

  /** What the pattern's group found, once it was said so often; an error with everything that was said when the program ends first. */
  async says(pattern: RegExp, times = 1): Promise<string> {
    const all = new RegExp(pattern.source, `${pattern.flags}g`);
    const found = () => [...this.said.matchAll(all)].at(times - 1);
    const ended = this.end.then(() => 'ended' as const);
    for (;;) {
      const match = found();
      if (match !== undefined) return match[1] ?? match[0];
      const more = new Promise<void>((resolve) => (this.#heard = resolve));
      if ((await Promise.race([more, ended])) === 'ended' && found() === undefined) throw new Error(this.said);
    }
  }

  async stopServer(workspace: string): Promise<void> {
    const words = ['--disable-warning=ExperimentalWarning', main, '--workspace', workspace, 'serve', '--stop'];
    await once(spawn(process.execPath, words, { stdio: 'ignore' }), 'close');
  }
}

/** Of every process that this one started, and theirs: any user of the machine can read them. */
function argumentsOf(pid: number): string[] {
  if (!existsSync('/proc')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const parent = / \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'utf8'))?.[1];
        return parent === String(pid) ? [readFileSync(`/proc/${name}/cmdline`, 'utf8')] : [];
      } catch {
        // It ended meanwhile.
        return [];
      }
    });
}
