import { spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { WorkbenchError } from '../../shared/domain/errors.ts';

/** A Chromium that is told what to do over a pipe (the DevTools protocol, messages end in NUL). No port is opened. */
export interface BrowserPipe {
  /** Answers the result of a command; `sessionId` addresses a page. */
  send(method: string, params?: object, sessionId?: string): Promise<Record<string, unknown>>;
  close(): void;
}

interface Message {
  id?: number;
  result?: Record<string, unknown>;
  error?: { message: string };
}

export function startBrowser(executable: string, args: readonly string[]): BrowserPipe {
  const child = spawn(executable, ['--remote-debugging-pipe', ...args], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
  });
  // Streams 3 and 4 are the two ends of the pipe, made by the line above.
  const [commands, answers] = [child.stdio[3] as Writable, child.stdio[4] as Readable];
  const waiting = new Map<number, { resolve(result: Record<string, unknown>): void; reject(error: Error): void }>();
  let next = 0;
  let rest = '';

  function failAll(message: string): void {
    const error = new WorkbenchError('unavailable', `The browser ${executable} ${message}.`, {
      remedy: 'Name another Chromium in $FLIPGUARD_CHROMIUM, or write HTML and print that from any browser.',
    });
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  }

  answers.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\0');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      // Written by the browser; what is read of it is checked where it is used.
      const { id, result, error } = JSON.parse(part) as Message;
      const asked = id === undefined ? undefined : waiting.get(id);
      if (id === undefined || asked === undefined) continue;
      waiting.delete(id);
      if (error === undefined) asked.resolve(result ?? {});
      else asked.reject(new WorkbenchError('unavailable', `The browser refused: ${error.message}.`));
    }
  });
  child.on('error', (error) => failAll(`could not be started: ${error.message}`));
  child.on('exit', () => failAll('ended before it had printed'));
  // The exit that follows says what happened.
  commands.on('error', () => {});
  return {
    send(method, params = {}, sessionId) {
      const id = (next += 1);
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        const message = { id, method, params, ...(sessionId === undefined ? {} : { sessionId }) };
        commands.write(`${JSON.stringify(message)}\0`);
      });
    },
    close() {
      child.kill('SIGKILL');
    },
  };
}
