import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { patienceMs } from '../helpers/patience.ts';
import { planVariable } from './plan.ts';
import type { FaultPlan } from './plan.ts';

const root = path.resolve(import.meta.dirname, '..', '..');
const entry = path.join(root, 'src-main', 'shells', 'cli', 'main.ts');
const hook = pathToFileURL(path.join(import.meta.dirname, 'hook.ts')).href;

export interface Ended {
  status: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
  /** It had to be ended for lack of an answer. */
  hung: boolean;
  /** Operations that changed files. */
  operations: number;
}

/** Leaders of groups that may still run: the end of this process is theirs. */
const leaders = new Set<number>();
process.on('exit', () => leaders.forEach(signalGroup));

/** A command of the workbench, in a process that leads a group of its own, with a fault in it or without. */
export interface Program {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  /** Processes of its group that live, the owner first. */
  living(): number[];
  kill(who: 'owner' | 'child' | 'all'): void;
}

export function startProgram(
  args: readonly string[],
  {
    fault,
    shell = '',
    env = {},
  }: {
    fault?: Omit<FaultPlan, 'counter'>;
    /** Said to `sh` before, such as a limit. */
    shell?: string;
    env?: NodeJS.ProcessEnv;
  } = {},
): Program {
  const folder = mkdtempSync(path.join(tmpdir(), 'flipguard-fault-'));
  const counter = path.join(folder, 'operations');
  writeFileSync(counter, '');
  const plan = fault === undefined ? {} : { [planVariable]: JSON.stringify({ ...fault, counter }) };
  const hooked = fault === undefined ? [] : [`--import=${hook}`];
  const flags = ['--disable-warning=ExperimentalWarning'];
  const command = [...flags, entry, ...args];
  const child = spawn(
    'sh',
    ['-c', `${shell === '' ? '' : `${shell}; `}exec "$@"`, 'sh', process.execPath, ...command],
    {
      cwd: root,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_OPTIONS: hooked.join(' '), FLIPGUARD_SETUP: 'off', ...plan, ...env },
    },
  );
  const pid = child.pid ?? 0;
  leaders.add(pid);
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text));
  let hung = false;
  const timer = setTimeout(() => {
    hung = true;
    signalGroup(pid);
  }, patienceMs);
  // Not `close`: an orphan may hold the pipes for a while after the owner is gone.
  const closed = once(child, 'close');
  const ended = once(child, 'exit').then(async ([status, signal]): Promise<Ended> => {
    clearTimeout(timer);
    if (signal === null) await closed;
    if (livingOf(pid).length === 0) leaders.delete(pid);
    const operations = statSync(counter).size;
    rmSync(folder, { recursive: true, force: true });
    return { status: status as number | null, signal: signal as string | null, ...said, hung, operations };
  });
  return {
    pid,
    ended,
    living: () => livingOf(pid),
    kill(who) {
      if (who === 'all') return signalGroup(pid);
      const children = livingOf(pid).filter((one) => one !== pid);
      const chosen = who === 'child' ? children.at(-1) : pid;
      if (chosen !== undefined) signal(chosen);
    },
  };
}

/** Resolves when nothing of the group runs any more; says what does when it takes too long. */
export async function untilGone(pid: number): Promise<string | null> {
  const until = Date.now() + patienceMs;
  while (livingOf(pid).length > 0) {
    if (Date.now() > until) {
      const left = livingOf(pid);
      signalGroup(pid);
      return `still running: ${left.join(', ')}`;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  leaders.delete(pid);
  return null;
}

function signalGroup(pid: number): void {
  signal(-pid);
}

function signal(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}

/** By `/proc`, since a zombie answers signals for as long as nobody reaps it. */
function livingOf(group: number): number[] {
  const found: number[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const [state, , pgrp] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (Number(pgrp) === group && state !== 'Z' && state !== 'X') found.push(Number(name));
    } catch {
      // It ended while we looked.
    }
  }
  return found.sort((a, b) => a - b);
}
