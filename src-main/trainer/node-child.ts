import { fork } from 'node:child_process';
import { entryPath } from '../entries.ts';
import { childEnvironment } from './child-environment.ts';
import type { TrainerChild } from './host.ts';
import { createTail } from '../system/text-tail.ts';

/** The trainer as a plain Node child: under the web shell, the command line, and in tests. */
export function launchNodeTrainer(): TrainerChild {
  const child = fork(entryPath('trainer'), [], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    env: childEnvironment(),
    // Structured clone: NaN and infinities arrive as they are.
    serialization: 'advanced',
    // Native libraries print to stdout, which belongs to the command line's answers.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const stderr = createTail();
  child.stderr?.setEncoding('utf8').on('data', (text: string) => stderr.push(text));
  // A message that cannot be delivered any more is answered by the exit that follows.
  child.on('error', (error) => stderr.push(`${error.message}\n`));
  return {
    pid: child.pid,
    send(command) {
      if (child.connected) child.send(command, () => {});
    },
    kill: () => void child.kill('SIGKILL'),
    onReport: (listener) => void child.on('message', listener),
    onExit(listener) {
      // `close` comes after the last of stderr, `disconnect` after the last message; a child that never started has neither.
      let waiting = 2;
      let exit: { code: number | null; signal: string | null } = { code: null, signal: null };
      const arrive = () => {
        waiting -= 1;
        if (waiting === 0) listener(exit);
      };
      child.once('disconnect', arrive);
      child.once('close', (code, signal) => {
        exit = { code, signal };
        arrive();
      });
    },
    stderrTail: () => stderr.text(),
  };
}
