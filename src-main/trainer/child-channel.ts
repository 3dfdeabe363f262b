import { reportOf } from '../shared/domain/errors.ts';
import { parseCommand } from './messages.ts';
import type { TrainerCommand, TrainerReport } from './messages.ts';

/** The child's end of the wire to its host. */
export interface ChildChannel {
  /** Resolves when the report has left the process. */
  send(report: TrainerReport): Promise<void>;
  onCommand(listener: (command: TrainerCommand) => void): void;
  /** The host is gone. */
  onLost(listener: () => void): void;
  /** Lets go of the wire, so that the process can end. */
  close(): void;
}

/** Electron's utility processes talk through `process.parentPort`; Electron's types are not imported for its sake. */
interface ParentPort {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (event: { data: unknown }) => void): void;
}

/** Electron's utility process when there is one, else Node's own channel to the parent. */
export function openChildChannel(): ChildChannel {
  const parentPort = (process as { parentPort?: ParentPort }).parentPort;
  return parentPort === undefined ? nodeChannel() : electronChannel(parentPort);
}

function nodeChannel(): ChildChannel {
  return {
    send: (report) =>
      new Promise((resolve) => {
        if (!process.connected || process.send === undefined) resolve();
        // A host that has gone is told by `disconnect`; what could not be sent is in the run folder.
        else process.send(report, undefined, undefined, () => resolve());
      }),
    onCommand: (listener) => void process.on('message', (message) => deliver(message, listener)),
    onLost: (listener) => void process.once('disconnect', listener),
    close: () => {
      if (process.connected) process.disconnect();
    },
  };
}

const lastMessageMs = 250;

function electronChannel(parentPort: ParentPort): ChildChannel {
  return {
    send: (report) => {
      parentPort.postMessage(report);
      return Promise.resolve();
    },
    onCommand: (listener) => parentPort.on('message', ({ data }) => deliver(data, listener)),
    // A utility process ends with its application.
    onLost: () => {},
    // The port keeps the process alive and tells nobody when a message has left; a moment is given to the last one.
    close: () => void setTimeout(() => process.exit(0), lastMessageMs),
  };
}

/** One unreadable command must not end a run; it is told on stderr, which the host keeps. */
function deliver(message: unknown, listener: (command: TrainerCommand) => void): void {
  try {
    listener(parseCommand(message));
  } catch (error) {
    process.stderr.write(`${reportOf(error).message}\n`);
  }
}
