import { reportOf } from '../shared/domain/errors.ts';
import { openParentChannel } from '../system/parent-channel.ts';
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

/** What could not be sent to a host that has gone is in the run folder. */
export function openChildChannel(): ChildChannel {
  const parent = openParentChannel();
  if (parent === null) return { send: () => Promise.resolve(), onCommand: () => {}, onLost: () => {}, close: () => {} };
  return { ...parent, onCommand: (listener) => parent.onMessage((message) => deliver(message, listener)) };
}

/** One unreadable command must not end a run; it is told on stderr, which the host keeps. */
function deliver(message: unknown, listener: (command: TrainerCommand) => void): void {
  try {
    listener(parseCommand(message));
  } catch (error) {
    process.stderr.write(`${reportOf(error).message}\n`);
  }
}
