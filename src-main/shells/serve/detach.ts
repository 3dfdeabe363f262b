import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { isAlive } from '../../system/alive.ts';
import type { Task } from '../../workbench/supervision/task.ts';
import { throwIfCancelled } from '../../workbench/supervision/task.ts';
import { claimFolder } from '../../workbench/workspace/own-folder.ts';
import { workspaceLayout } from '../../workbench/workspace/workspace-layout.ts';
import { findServed, servedFiles } from './served.ts';
import type { Served } from './served.ts';

/** Set for the child alone: it writes to a file and ends by request. */
export const detachedFlag = 'FLIPGUARD_SERVE_LOG';

const lookEveryMs = 100;
/** A big workspace is read at the start; nothing more than that. */
const startWithinMs = 120_000;

/**
 * Starts `flipguard serve` with these words in a session of its own, which outlives this program and its terminal, and waits until it
 * listens. What it says goes to `serve.log` in the workspace.
 */
export async function startDetached(workspace: string, words: readonly string[], task: Task): Promise<Served> {
  const { log } = servedFiles(workspace);
  // Refused here for a folder that is somebody's: nothing is written to one.
  await claimFolder(workspaceLayout(workspace));
  const file = await open(log, 'a', 0o600);
  const env: NodeJS.ProcessEnv = { ...process.env, [detachedFlag]: log };
  // It does not end with the launcher of this command.
  delete env.FLIPGUARD_LAUNCHER;
  let child: ChildProcess;
  try {
    child = spawn(process.execPath, [...process.execArgv, ...words], {
      detached: true,
      windowsHide: true,
      stdio: ['ignore', file.fd, file.fd],
      env,
    });
  } finally {
    await file.close();
  }
  let end: string | null = null;
  child.once('error', (error) => (end = error.message));
  child.once('exit', (status, signal) => (end = `it ended with ${signal ?? `status ${status}`}`));
  try {
    return await listening(workspace, task, () => end);
  } catch (error) {
    if (end === null) child.kill('SIGTERM');
    throw error;
  } finally {
    child.unref();
  }
}

async function listening(workspace: string, task: Task, ended: () => string | null): Promise<Served> {
  const deadline = Date.now() + startWithinMs;
  task.progress('starting', null);
  for (;;) {
    const served = await findServed(workspace);
    if (served !== null && served !== 'starting') return served;
    throwIfCancelled(task);
    const end = ended();
    // Another start may have been faster; then that one is the server.
    if (end !== null && served === null) throw await notStarted(workspace, end);
    if (Date.now() > deadline) throw await notStarted(workspace, `it did not listen within ${startWithinMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}

async function notStarted(workspace: string, why: string): Promise<WorkbenchError> {
  const { log } = servedFiles(workspace);
  const lines = (await readFile(log, 'utf8').catch(() => '')).trim().split('\n').slice(-3).join(' · ');
  return new WorkbenchError('unavailable', `The server did not start: ${why}. ${lines}`.trim(), {
    remedy: `Its log is ${log}.`,
    place: { file: log },
  });
}

/** Resolves once the process is gone: runs that train save a checkpoint first. */
export async function untilGone(served: Served, task: Task): Promise<void> {
  task.progress('ending; runs of this machine save a checkpoint first', null);
  while (isAlive(served)) {
    throwIfCancelled(task);
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}
