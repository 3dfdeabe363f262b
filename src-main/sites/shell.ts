import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { WorkbenchError } from '../shared/domain/errors.ts';
import { quote } from './quote.ts';
import { makeFolderSync } from '../system/folders.ts';

/** A shell at a site: bash here, or bash at the other end of the system's ssh. */
export interface SiteShell {
  readonly host: string | null;
  /** Runs a script to its end. Rejects with `unavailable` when the host cannot be reached, `cancelled` when aborted. */
  run(script: string, options?: ShellOptions): Promise<ShellAnswer>;
}

export interface ShellOptions {
  signal?: AbortSignal;
  timeoutMs?: number;
  /** What the script reads from its standard input. */
  input?: string | Uint8Array;
}

export interface ShellAnswer {
  status: number;
  stdout: string;
  stderr: string;
}

const usualTimeoutMs = 60_000;
/** ssh's own status for whatever kept it from running the command. */
const sshFailed = 255;

export function openShell(
  site: { host: string | null; slurmConf: string | null },
  { shared = true }: { shared?: boolean } = {},
): SiteShell {
  const head = site.slurmConf === null ? '' : `export SLURM_CONF=${quote(site.slurmConf)}\n`;
  return {
    host: site.host,
    async run(script, options = {}) {
      if (site.host === null) return finish('bash', ['-c', head + script], options);
      const [command, ...args] = sshCommand(process.env, shared);
      // The login shell may be any; bash reads the script as one argument of its own.
      const remote = `exec bash -c ${quote(head + script)}`;
      const answer = await finish(command, [...args, site.host, remote], options);
      if (answer.status === sshFailed) throw unreachable(site.host, answer.stderr);
      return answer;
    },
  };
}

/**
 * The system's ssh, with the user's own configuration; never asks for anything. One connection is shared by all that follow within
 * ten minutes, unless it is to be one of its own. `FLIPGUARD_SSH_COMMAND` takes its place, as GIT_SSH_COMMAND does for git (words are split at blanks).
 */
export function sshCommand(env: NodeJS.ProcessEnv = process.env, shared = true): [string, ...string[]] {
  const [command = 'ssh', ...given] = (env.FLIPGUARD_SSH_COMMAND ?? 'ssh').trim().split(/\s+/);
  const quiet = ['-o', 'BatchMode=yes', '-o', 'ConnectTimeout=15', '-o', 'ServerAliveInterval=15'];
  // Windows' ssh knows no control master.
  if (process.platform === 'win32') return [command, ...given, ...quiet];
  if (!shared) return [command, ...given, ...quiet, '-o', 'ControlMaster=no', '-o', 'ControlPath=none'];
  const master = ['-o', 'ControlMaster=auto', '-o', 'ControlPersist=600', '-o', `ControlPath=${controlFolder()}/%C`];
  return [command, ...given, ...quiet, ...master];
}

/** Sockets have short paths, so not in the workspace; nobody else may use the connection. */
function controlFolder(): string {
  const runtime = process.env.XDG_RUNTIME_DIR;
  const base = runtime !== undefined && existsSync(runtime) ? runtime : os.tmpdir();
  const folder = path.join(base, `flipguard-ssh-${process.getuid?.() ?? 0}`);
  makeFolderSync(folder, 0o700);
  return folder;
}

function unreachable(host: string, stderr: string): WorkbenchError {
  const why = stderr.trim().split('\n').at(-1) ?? '';
  return new WorkbenchError('unavailable', `${host} cannot be reached over ssh: ${why || 'ssh gave no reason'}.`, {
    remedy: `Check that “ssh ${host}” logs in without asking for anything.`,
  });
}

function finish(command: string, args: readonly string[], options: ShellOptions): Promise<ShellAnswer> {
  const { signal, input, timeoutMs = usualTimeoutMs } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    let timedOut = false;
    const stop = () => child.kill('SIGTERM');
    const timer = setTimeout(() => {
      timedOut = true;
      stop();
    }, timeoutMs);
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted) stop();
    child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
    // A script that reads less than it is given closes its end; its status says whether that was right.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
    const settle = (act: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
      act();
    };
    child.on('error', (cause) => {
      const message = `${command} cannot be started: ${cause.message}.`;
      settle(() => reject(new WorkbenchError('unavailable', message, { cause })));
    });
    // Not `close`: a control master that ssh left behind may keep stderr open for minutes.
    const whole = new Promise((resolve) => child.stdout?.once('close', resolve));
    child.on('exit', (status, killedBy) => {
      const end = (): void =>
        settle(() => {
          if (signal?.aborted) return reject(new WorkbenchError('cancelled', 'Cancelled.'));
          if (timedOut) return reject(new WorkbenchError('unavailable', `No answer within ${timeoutMs / 1000} s.`));
          const text = (parts: Buffer[]) => Buffer.concat(parts).toString('utf8');
          resolve({ status: status ?? (killedBy === null ? 1 : 128), stdout: text(out), stderr: text(err) });
        });
      whole.then(end, end);
    });
  });
}
