import { spawn } from 'node:child_process';
import { interrupted } from './interruption.mjs';

/**
 * Runs a program to its end and collects what it printed. Never throws: a program that is not there answers
 * `{ status: null, error }`, so callers can name it among the things they tried.
 */
export function run(command, args, { cwd, env, timeoutMs, onOutput } = {}) {
  return new Promise((resolve) => {
    let stdout = '';
    let stderr = '';
    const child = spawn(command, args, {
      cwd,
      env: env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
    });
    const end = () => child.kill('SIGKILL');
    const timer = timeoutMs === undefined ? undefined : setTimeout(end, timeoutMs);
    interrupted.addEventListener('abort', end, { once: true });
    if (interrupted.aborted) end();
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
      onOutput?.(text);
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text;
      onOutput?.(text);
    });
    const settle = () => {
      clearTimeout(timer);
      interrupted.removeEventListener('abort', end);
    };
    child.on('error', (error) => {
      settle();
      resolve({ status: null, signal: null, stdout, stderr, error });
    });
    child.on('close', (status, signal) => {
      settle();
      resolve({ status, signal, stdout, stderr });
    });
  });
}

/** The last line that says something: what a person would read first in a failed program's output. */
export function lastLine(text) {
  return (
    text
      .trim()
      .split('\n')
      .map((line) => line.trim())
      .filter(Boolean)
      .at(-1) ?? ''
  );
}
