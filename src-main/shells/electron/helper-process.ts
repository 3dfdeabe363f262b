import { utilityProcess } from 'electron';
import type { HelperOptions, HelperProcess } from '../../system/helper-process.ts';
import { killNow, signalOf } from '../../trainer/electron-child.ts';

/** A helper as Electron's utility process: a packaged application cannot be started as a Node, which `fork` would do. */
export function launchElectronHelper(file: string, options: HelperOptions): HelperProcess {
  const { name, args = [], execArgv = [], onStderr } = options;
  const child = utilityProcess.fork(file, [...args], {
    serviceName: `FlipGuard ${name}`,
    execArgv: [...execArgv],
    stdio: ['ignore', 'ignore', onStderr === undefined ? 'ignore' : 'pipe'],
  });
  let gone = false;
  child.once('exit', () => (gone = true));
  child.stderr?.on('data', (chunk: Buffer) => onStderr?.(chunk.toString('utf8')));
  return {
    get pid() {
      return child.pid;
    },
    send: (message) => {
      if (!gone) child.postMessage(message);
    },
    kill: () => killNow(child.pid),
    onMessage: (listener) => void child.on('message', listener),
    onExit: (listener) => void child.once('exit', (code) => listener({ code, signal: signalOf(code) })),
  };
}
