import { spawn } from 'node:child_process';
import os from 'node:os';
import { findNode, nodeMissingMessage } from './node-runtime.mjs';

/** Runs a script under Node ≥ 24 with this process's streams; answers the exit status, and passes signals on. */
export function launchWorkbench(entry, args, { env = process.env } = {}) {
  const node = findNode();
  if (node === undefined) {
    process.stderr.write(`${nodeMissingMessage()}\n`);
    return Promise.resolve(3);
  }
  return runInForeground(node, [...nodeFlags, entry, ...args], env);
}

/** Type stripping and SQLite's neighbours are stable; their "experimental" notes would only unsettle. */
export const nodeFlags = ['--disable-warning=ExperimentalWarning', '--disable-warning=DEP0040'];

export function runInForeground(command, args, env) {
  return new Promise((resolve) => {
    // What it starts ends with it, however it ends: the child looks whether this process is still its parent.
    const childEnv = { ...env, FLIPGUARD_LAUNCHER: String(process.pid) };
    const child = spawn(command, args, { stdio: 'inherit', env: childEnv, windowsHide: false });
    // On Ctrl-C the terminal signals the whole group: the child gets its own copy, and this process only has to wait for it.
    const ignore = () => {};
    const pass = (signal) => child.kill(signal);
    process.on('SIGINT', process.stdin.isTTY ? ignore : pass);
    process.on('SIGTERM', pass);
    process.on('SIGHUP', pass);
    const done = (status) => {
      process.off('SIGINT', ignore);
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(signal, pass);
      resolve(status);
    };
    child.on('error', (error) => {
      process.stderr.write(`${command} could not be started: ${error.message}\n`);
      done(3);
    });
    child.on('exit', (status, signal) => done(status ?? 128 + (os.constants.signals[signal] ?? 0)));
  });
}
