import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { findNode, nodeMissingMessage } from './node-runtime.mjs';
import { modulesDir } from './paths.mjs';

/** Runs a script under Node ≥ 24 with this process's streams; returns the exit status, and passes signals on. */
export function launchWorkbench(entry, args, { env = process.env } = {}) {
  const node = findNode();
  if (node === undefined) {
    process.stderr.write(`${nodeMissingMessage()}\n`);
    return Promise.resolve(3);
  }
  return runInForeground(node, [...nodeFlags, entry, ...args], { ...compileCache(env), ...env });
}

/**
 * Where Node keeps the sources that it has stripped and compiled: half of a command's start without it. Nowhere if the folder
 * cannot be written, since a worker thread that is asked to use such a folder never starts.
 */
export function compileCache(env) {
  if (env.NODE_COMPILE_CACHE !== undefined || env.NODE_DISABLE_COMPILE_CACHE !== undefined) return {};
  const folder = path.join(modulesDir, '.cache', 'compiled-sources');
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    fs.accessSync(folder, fs.constants.W_OK);
    return { NODE_COMPILE_CACHE: folder };
  } catch {
    return {};
  }
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
