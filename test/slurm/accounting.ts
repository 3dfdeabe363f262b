import { spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { daemon, ended, findProgram, freePorts, until } from './daemons.ts';

/** Slurm's accounting on a MariaDB of its own: `conf` are its lines of slurm.conf. */
export interface Accounting {
  readonly conf: string;
  stop(): Promise<void>;
}

const programs = ['slurmdbd', 'sacctmgr', 'mariadbd', 'mariadb-install-db', 'mariadb'] as const;

/** Why no accounting can be started here; null where it can. */
export function whyNoAccounting(): string | null {
  const missing = programs.filter((name) => findProgram(name) === null);
  if (missing.length > 0) return `${missing.join(', ')} are not installed (Debian: slurmdbd and mariadb-server)`;
  return mysqlUser() === null ? 'there is no user “mysql”' : null;
}

/** Runs before slurmctld; munge has to be there. What was started is ended again where `use` fails. */
export async function startAccounting(
  folder: string,
  mungeSocket: string,
  use: (accounting: Accounting) => Promise<void>,
): Promise<Accounting> {
  const [dbPort = 0, dbdPort = 0] = await freePorts(2);
  const data = path.join(folder, 'mysql');
  const socket = path.join(data, 's.sock');
  const user = mysqlUser();
  if (user === null) throw new Error('there is no user “mysql”');
  mkdirSync(data, { recursive: true });
  // Folders of temporary files are closed to others; the database's user has to come through.
  chmodSync(folder, 0o755);
  chownSync(data, user.uid, user.gid);
  demand('mariadb-install-db', ['--user=mysql', `--datadir=${data}`, '--skip-test-db']);
  const database = daemon(
    folder,
    'mariadbd',
    [`--datadir=${data}`, `--socket=${socket}`, `--pid-file=${data}/pid`, `--port=${dbPort}`, '--user=mysql'].concat([
      '--bind-address=127.0.0.1',
      '--innodb-buffer-pool-size=64M',
    ]),
    'mariadbd',
    {},
  );
  let dbd: ChildProcess | null = null;
  const stop = async (): Promise<void> => {
    if (dbd !== null) await ended(dbd);
    await ended(database);
  };
  try {
    dbd = await startDbd(folder, { socket, mungeSocket, dbPort, dbdPort });
    const conf = `AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort=${dbdPort}
AccountingStoragePass=${mungeSocket}
JobAcctGatherType=jobacct_gather/linux`;
    const accounting = { conf, stop };
    await use(accounting);
    return accounting;
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startDbd(
  folder: string,
  { socket, mungeSocket, dbPort, dbdPort }: { socket: string; mungeSocket: string; dbPort: number; dbdPort: number },
): Promise<ChildProcess> {
  await until('a database', () => ask('mariadb', ['-S', socket, '-e', 'select 1']).status === 0);
  const tables = ['create database slurm_acct_db'];
  for (const host of ['127.0.0.1', 'localhost']) {
    tables.push(
      `create user 'slurm'@'${host}' identified by 'slurm'`,
      `grant all on slurm_acct_db.* to 'slurm'@'${host}'`,
    );
  }
  demand('mariadb', ['-S', socket, '-e', tables.join('; ')]);
  const conf = path.join(folder, 'slurmdbd.conf');
  writeFileSync(conf, slurmdbdConf(folder, mungeSocket, dbPort, dbdPort), { mode: 0o600 });
  // It reads its file next to the one that SLURM_CONF names.
  const environment = { SLURM_CONF: path.join(folder, 'slurm.conf') };
  return daemon(folder, 'slurmdbd', ['-D'], 'slurmdbd', environment);
}

function slurmdbdConf(folder: string, mungeSocket: string, dbPort: number, dbdPort: number): string {
  return `AuthType=auth/munge
AuthInfo=socket=${mungeSocket}
DbdHost=${os.hostname().split('.')[0]}
DbdAddr=127.0.0.1
DbdPort=${dbdPort}
SlurmUser=root
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=${dbPort}
StorageUser=slurm
StoragePass=slurm
StorageLoc=slurm_acct_db
LogFile=${folder}/log/slurmdbd.log
PidFile=${folder}/slurmdbd.pid
`;
}

/** Jobs are taken down once the cluster is known there. */
export async function addCluster(environment: { SLURM_CONF: string }): Promise<void> {
  const env = { ...process.env, ...environment };
  await until('a cluster in the accounting', () => {
    ask('sacctmgr', ['-i', 'add', 'cluster', 'test'], env);
    return ask('sacctmgr', ['-n', 'show', 'cluster'], env).stdout.includes('test');
  });
}

function ask(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
  return spawnSync(findProgram(command) ?? command, args, { encoding: 'utf8', env });
}

function demand(command: string, args: readonly string[]): void {
  const { status, stderr, stdout } = ask(command, args);
  if (status !== 0) throw new Error(`${command}: ${stderr}${stdout}`);
}

function mysqlUser(): { uid: number; gid: number } | null {
  const number = (flag: string) => Number(ask('id', [flag, 'mysql']).stdout.trim() || NaN);
  const [uid, gid] = [number('-u'), number('-g')];
  return Number.isNaN(uid) || Number.isNaN(gid) ? null : { uid, gid };
}
