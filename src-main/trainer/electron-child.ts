import { utilityProcess } from 'electron';
import { entryPath } from '../entries.ts';
import { childEnvironment } from './child-environment.ts';
import type { TrainerChild } from './host.ts';
import { createTail } from '../system/text-tail.ts';

/** The trainer as Electron's utility process: ends with the application, and never takes the window with it. */
export function launchElectronTrainer(): TrainerChild {
  const child = utilityProcess.fork(entryPath('trainer'), [], {
    serviceName: 'FlipGuard trainer',
    env: childEnvironment(),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const stderr = createTail();
  let gone = false;
  child.once('exit', () => (gone = true));
  child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk.toString('utf8')));
  return {
    get pid() {
      return child.pid;
    },
    send(command) {
      if (!gone) child.postMessage(command);
    },
    kill: () => killNow(child.pid),
    onReport: (listener) => void child.on('message', listener),
    onExit: (listener) => void child.once('exit', (code) => listener({ code, signal: signalOf(code) })),
    stderrTail: () => stderr.text(),
  };
}

/** Electron passes on what waitpid says, where the low bits are the signal and 128 a core dump. */
export function signalOf(code: number): string | null {
  if (process.platform === 'win32') return null;
  if (code === 9 || code === 137) return 'SIGKILL';
  return code === 6 || code === 134 ? 'SIGABRT' : null;
}

/** `kill()` asks politely (SIGTERM); a native loop does not listen. */
export function killNow(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Already gone.
  }
}
