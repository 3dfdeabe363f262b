import { spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { addCluster, startAccounting } from './accounting.ts';
import { daemon, ended, findProgram, freePorts, until } from './daemons.ts';

/**
 * A real Slurm on loopback: munge, slurmctld and two nodes of two processors each, all children of this process and with ports, key
 * and socket of their own, so that several run next to each other. Without accounting by default.
 */
export interface Cluster {
  /** What Slurm's commands need to find it: `SLURM_CONF`. */
  readonly environment: { SLURM_CONF: string };
  readonly folder: string;
  /** One of Slurm's commands, to its end; what it printed. */
  slurm(command: string, ...args: string[]): string;
  restartController(): Promise<void>;
  stopController(): Promise<void>;
  startController(): Promise<void>;
  stop(): Promise<void>;
}

export interface ClusterOptions {
  /** Further lines of slurm.conf; they come last, so they win. */
  conf?: string;
  /** Seconds between SIGTERM and SIGKILL. */
  killWait?: number;
  /** With slurmdbd on a MariaDB of its own. */
  accounting?: boolean;
}

const programs = ['slurmctld', 'slurmd', 'munged', 'sbatch'] as const;

/** Why no cluster can be started here; null where one can. */
export function whyNoSlurm(): string | null {
  if (process.platform !== 'linux') return 'Slurm runs on Linux only';
  const missing = programs.filter((name) => findProgram(name) === null);
  if (missing.length > 0) return `${missing.join(', ')} are not installed (Debian: slurm-wlm and munge)`;
  return process.getuid?.() === 0 ? null : 'slurmd has to be started by root';
}

export async function startCluster(folder: string, options: ClusterOptions = {}): Promise<Cluster> {
  const ports = await freePorts(3);
  for (const name of ['state', 'spool-n1', 'spool-n2', 'log']) mkdirSync(path.join(folder, name), { recursive: true });
  const munge = startMunge(folder);
  const conf = path.join(folder, 'slurm.conf');
  const environment = { SLURM_CONF: conf };
  writeFileSync(conf, confText(folder, ports, options));
  const accounting =
    options.accounting === true
      ? await startAccounting(folder, mungeSocketOf(folder), ({ conf: lines }) => {
          writeFileSync(conf, confText(folder, ports, options, lines));
          return addCluster(environment);
        }).catch(async (error: unknown) => {
          await ended(munge);
          throw error;
        })
      : null;
  const nodes = ['n1', 'n2'].map((name) => daemon(folder, 'slurmd', ['-D', '-N', name], name, environment));
  let controller = daemon(folder, 'slurmctld', ['-D'], 'slurmctld', environment);

  const ask = (command: string, args: readonly string[]) =>
    spawnSync(command, args, { encoding: 'utf8', env: { ...process.env, ...environment }, timeout: 30_000 });
  const ready = () =>
    until(`two idle nodes (see ${folder}/log)`, () => {
      const { stdout } = ask('sinfo', ['-h', '-N', '-p', 'main', '-t', 'idle,mix,alloc', '-o', '%N']);
      return stdout.trim().split('\n').length === 2;
    });
  const cluster: Cluster = {
    environment,
    folder,
    slurm(command, ...args) {
      const { status, stdout, stderr } = ask(command, args);
      if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
      return stdout;
    },
    stopController: () => ended(controller),
    async startController() {
      controller = daemon(folder, 'slurmctld', ['-D'], 'slurmctld', environment);
      await ready();
    },
    async restartController() {
      await ended(controller);
      await cluster.startController();
    },
    async stop() {
      await Promise.all([controller, ...nodes].map(ended));
      await accounting?.stop();
      await ended(munge);
    },
  };
  try {
    await ready();
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  return cluster;
}

function startMunge(folder: string): ChildProcess {
  const place = path.join(folder, 'munge');
  mkdirSync(place, { recursive: true });
  const key = path.join(place, 'key');
  writeFileSync(key, randomBytes(1024));
  chmodSync(key, 0o400);
  const file = (name: string) => path.join(place, name);
  return daemon(
    folder,
    findProgram('munged') ?? 'munged',
    // --force: folders of temporary files are open to all, which munge otherwise minds.
    ['--foreground', '--force', `--socket=${file('socket')}`, `--key-file=${key}`, `--pid-file=${file('pid')}`].concat([
      `--log-file=${file('log')}`,
      `--seed-file=${file('seed')}`,
      '--num-threads=2',
    ]),
    'munged',
    {},
  );
}

function mungeSocketOf(folder: string): string {
  return path.join(folder, 'munge', 'socket');
}

function confText(
  folder: string,
  [controller, first, second]: readonly number[],
  options: ClusterOptions,
  accounting = 'AccountingStorageType=accounting_storage/none',
): string {
  const host = os.hostname().split('.')[0];
  return `ClusterName=test
SlurmctldHost=${host}(127.0.0.1)
SlurmctldPort=${controller}
AuthType=auth/munge
AuthInfo=socket=${mungeSocketOf(folder)},cred_expire=5
CryptoType=crypto/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool-%n
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd-%n.pid
SlurmctldLogFile=${folder}/log/slurmctld.log
SlurmdLogFile=${folder}/log/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=2,sched_min_interval=500000
ReturnToService=2
MpiDefault=none
MinJobAge=300
SlurmdTimeout=30
KillWait=${options.killWait ?? 5}
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
${accounting}
NodeName=n1 NodeHostname=${host} NodeAddr=127.0.0.1 Port=${first} CPUs=2 RealMemory=8000 State=UNKNOWN
NodeName=n2 NodeHostname=${host} NodeAddr=127.0.0.1 Port=${second} CPUs=2 RealMemory=8000 State=UNKNOWN
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=urgent Nodes=n1,n2 MaxTime=INFINITE State=UP PriorityTier=10
${options.conf ?? ''}
`;
}
