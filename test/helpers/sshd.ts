import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';

/** A real sshd on loopback with keys of its own, behind a wire that can be cut. */
export interface TestHost {
  /** What `ssh` calls it, with the configuration below. */
  readonly name: string;
  /** For `FLIPGUARD_SSH_COMMAND`. */
  readonly command: string;
  /** Breaks every connection; new ones are refused until `mend`. */
  cut(): void;
  mend(): void;
  /** Connections that were let through so far. */
  connections(): number;
  stop(): Promise<void>;
}

/** Why no sshd can be started here; null where one can. */
export function whyNoSshd(): string | null {
  const missing = ['sshd', 'ssh', 'ssh-keygen'].filter((name) => find(name) === null);
  return missing.length === 0 ? null : `${missing.join(', ')} are not installed (Debian: openssh-server)`;
}

function find(name: string): string | null {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'];
  return folders.map((folder) => path.join(folder, name)).find((file) => existsSync(file)) ?? null;
}

export async function startSshd(folder: string): Promise<TestHost> {
  const at = (name: string) => path.join(folder, name);
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o700);
  for (const key of ['host', 'user']) {
    const made = spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(key)], { encoding: 'utf8' });
    if (made.status !== 0) throw new Error(made.stderr);
  }
  // As root it wants a folder for its unprivileged part.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const behind = await freePort();
  const { username } = os.userInfo();
  writeFileSync(
    at('sshd_config'),
    `Port ${behind}
ListenAddress 127.0.0.1
HostKey ${at('host')}
AuthorizedKeysFile ${at('user.pub')}
StrictModes no
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
PidFile none
MaxStartups 100
Subsystem sftp internal-sftp
`,
  );
  const daemon = spawn(find('sshd') ?? 'sshd', ['-D', '-e', '-f', at('sshd_config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  await new Promise<void>((resolve, reject) => {
    daemon.once('error', reject);
    daemon.once('exit', (status) => reject(new Error(`sshd ended with status ${status}: ${said}`)));
    daemon.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
      if (said.includes('Server listening')) resolve();
    });
  });
  const wire = await layWire(behind);
  writeFileSync(
    at('config'),
    `Host box
  HostName 127.0.0.1
  Port ${wire.port}
  User ${username}
  IdentityFile ${at('user')}
  IdentitiesOnly yes
  StrictHostKeyChecking no
  UserKnownHostsFile ${at('known_hosts')}
  LogLevel ERROR
`,
  );
  return {
    name: 'box',
    command: `ssh -F ${at('config')}`,
    cut: wire.cut,
    mend: wire.mend,
    connections: wire.connections,
    async stop() {
      const gone = new Promise((resolve) => daemon.once('exit', resolve));
      daemon.kill('SIGTERM');
      await gone;
      await wire.close();
    },
  };
}

async function layWire(behind: number) {
  const sockets = new Set<Socket>();
  let isCut = false;
  let connections = 0;
  const server = createServer((near) => {
    if (isCut) return near.destroy();
    connections += 1;
    const far = connect(behind, '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
    near.pipe(far);
    far.pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const destroyAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      isCut = true;
      destroyAll();
    },
    mend: () => (isCut = false),
    connections: () => connections,
    async close() {
      destroyAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
