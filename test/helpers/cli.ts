import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..', '..');
const entry = path.join(root, 'src-main', 'shells', 'cli', 'main.ts');

export interface CliAnswer {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Starts `flipguard …` in a process of its own, in the checkout's folder. */
export function startCli(workspace: string, args: readonly string[]): ChildProcess {
  const flags = ['--disable-warning=ExperimentalWarning', entry, '--workspace', workspace, ...args];
  return spawn(process.execPath, flags, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Runs it to its end. */
export function flipguard(workspace: string, ...args: string[]): Promise<CliAnswer> {
  const child = startCli(workspace, args);
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, stdout, stderr })));
}

/** The one JSON document of an answer. */
export function documentOf<T>({ stdout }: CliAnswer): T {
  return JSON.parse(stdout) as T;
}
