import { fork } from 'node:child_process';

/** A process of this program that does one thing and ends: it reads a source, or tries a backend. The trainer has a launcher of its own. */
export interface HelperProcess {
  readonly pid: number | undefined;
  /** Does nothing once it is gone. */
  send(message: unknown): void;
  /** At once (SIGKILL): an endless loop does not hear anything. */
  kill(): void;
  onMessage(listener: (message: unknown) => void): void;
  /** Called once, after its last message. */
  onExit(listener: (exit: HelperExit) => void): void;
}

export interface HelperExit {
  code: number | null;
  signal: string | null;
  /** Why it could not be started, where it could not. */
  error?: Error;
}

export interface HelperOptions {
  /** Shown by the system's list of processes where the shell can. */
  name: string;
  args?: readonly string[];
  /** Options of Node and V8. Electron may not heed those of V8. */
  execArgv?: readonly string[];
  /** Hears what it writes to stderr. */
  onStderr?: (text: string) => void;
}

export type HelperLauncher = (file: string, options: HelperOptions) => HelperProcess;

let launcher: HelperLauncher = launchNodeHelper;

/** Electron's shell names its own before anything is started: its program cannot be started as a Node once it is packaged. */
export function useHelperLauncher(own: HelperLauncher): void {
  launcher = own;
}

export function launchHelper(file: string, options: HelperOptions): HelperProcess {
  return launcher(file, options);
}

function launchNodeHelper(file: string, { args = [], execArgv = [], onStderr }: HelperOptions): HelperProcess {
  const child = fork(file, [...args], {
    execArgv: [...execArgv, '--disable-warning=ExperimentalWarning'],
    // Structured clone: rows arrive as they are.
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', onStderr === undefined ? 'ignore' : 'pipe', 'ipc'],
  });
  if (onStderr !== undefined) child.stderr?.setEncoding('utf8').on('data', onStderr);
  return {
    pid: child.pid,
    send: (message) => {
      // A message that cannot be delivered any more is answered by the exit that follows.
      if (child.connected) child.send(message as object, () => {});
    },
    kill: () => void child.kill('SIGKILL'),
    onMessage: (listener) => void child.on('message', listener),
    onExit(listener) {
      let told = false;
      const tell = (exit: HelperExit): void => {
        if (!told) listener(exit);
        told = true;
      };
      // What it sent before it left has been heard by then.
      child.once('close', (code, signal) => tell({ code, signal }));
      child.once('error', (error) => tell({ code: null, signal: null, error }));
    },
  };
}
