import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import path from 'node:path';
import { Readable, Writable } from 'node:stream';
import { runCli } from '../../src-main/shells/cli/run-cli.ts';

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

/** Runs a command line in this process, with streams of its own, to its end. */
export function flipguard(workspace: string, ...args: string[]): Promise<CliAnswer> {
  return flipguardReading('', workspace, ...args);
}

/** The same, of a command that reads what a pipe brings. */
export async function flipguardReading(input: string, workspace: string, ...args: string[]): Promise<CliAnswer> {
  const [stdout, stderr] = [collect(), collect()];
  const status = await runCli(['--workspace', workspace, ...args], {
    env: {},
    stdin: Readable.from([input]),
    stdout: stdout.stream,
    stderr: stderr.stream,
  });
  return { status, stdout: stdout.text(), stderr: stderr.text() };
}

function collect() {
  let text = '';
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      text += chunk;
      done();
    },
  });
  return { stream, text: () => text };
}

/** The one JSON document of an answer. */
export function documentOf<T>({ stdout }: CliAnswer): T {
  return JSON.parse(stdout) as T;
}
