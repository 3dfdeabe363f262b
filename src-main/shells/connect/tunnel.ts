import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { sshCommand } from '../../sites/shell.ts';

/** A port of this machine that leads to one of another, for as long as one ssh process lives. */
export interface Tunnel {
  /** Resolves with ssh's last words once the connection is gone. */
  readonly ended: Promise<string>;
  close(): Promise<void>;
}

export interface TunnelRequest {
  host: string;
  localPort: number;
  remotePort: number;
}

const readyWord = 'flipguard-tunnel-is-open';
/** A silent cut is noticed after about this many seconds. */
const aliveEvery = ['-o', 'ServerAliveInterval=5', '-o', 'ServerAliveCountMax=3'];

/** Resolves when the port is open. Ends with this program: what runs there reads from it until it is gone. */
export async function openTunnel(request: TunnelRequest, signal: AbortSignal): Promise<Tunnel> {
  const { host, localPort, remotePort } = request;
  const [command, ...args] = sshCommand(process.env, false);
  const forward = ['-L', `127.0.0.1:${localPort}:127.0.0.1:${remotePort}`, '-o', 'ExitOnForwardFailure=yes'];
  // The first mention of an option is the one that counts for ssh.
  const words = [...aliveEvery, ...args, ...forward, '-T', host, `echo ${readyWord}; exec cat >/dev/null`];
  // A group of its own: Ctrl-C is for this program, which then ends it.
  const detached = process.platform !== 'win32';
  const child = spawn(command, words, { stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true, detached });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString('utf8')).slice(-2000)));
  child.stdin.on('error', () => {});
  const gone = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', () => resolve(said.trim().split('\n').at(-1) ?? ''));
  });
  const stop = () => child.kill('SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  const ended = gone.finally(() => signal.removeEventListener('abort', stop));
  if (signal.aborted) stop();
  const isOpen = await Promise.race([heard(child), ended.then(() => false)]);
  if (signal.aborted) throw new WorkbenchError('cancelled', 'Cancelled.');
  if (!isOpen) throw notOpened(host, localPort, await ended);
  return {
    ended,
    async close() {
      stop();
      await ended;
    },
  };
}

function heard({ stdout }: ChildProcess): Promise<boolean> {
  return new Promise((resolve) => {
    let text = '';
    stdout?.on('data', (chunk: Buffer) => {
      text = (text + chunk.toString('utf8')).slice(-10_000);
      if (text.includes(readyWord)) resolve(true);
    });
  });
}

function notOpened(host: string, port: number, why: string): WorkbenchError {
  if (/address already in use|cannot listen to port/i.test(why)) {
    return new WorkbenchError('conflict', `Port ${port} of this machine is taken.`, {
      remedy: 'Choose another with --port, or leave it out for a free one.',
    });
  }
  return new WorkbenchError('unavailable', `No port could be forwarded to “${host}”: ${why || 'ssh gave no reason'}.`, {
    remedy: `Check that “ssh ${host}” logs in without asking, and that its sshd allows forwarding (AllowTcpForwarding).`,
  });
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  // It listens on TCP, so its address is an object.
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
