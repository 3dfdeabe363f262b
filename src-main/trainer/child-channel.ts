import { openParentChannel } from '../system/parent-channel.ts';
import { parseCommand } from './messages.ts';
import type { TrainerCommand, TrainerReport } from './messages.ts';

/** The child's end of the wire to its host. */
export interface ChildChannel {
  /** Resolves when the report has left the process. */
  send(report: TrainerReport): Promise<void>;
  /** What cannot be read as a command goes to `onUnreadable`. */
  onCommand(listener: (command: TrainerCommand) => void, onUnreadable: (error: unknown) => void): void;
  /** The host is gone. */
  onLost(listener: () => void): void;
  /** Lets go of the wire, so that the process can end. */
  close(): void;
}

/** What could not be sent to a host that has gone is in the run folder. */
export function openChildChannel(): ChildChannel {
  const parent = openParentChannel();
  if (parent === null) return { send: () => Promise.resolve(), onCommand: () => {}, onLost: () => {}, close: () => {} };
  return {
    ...parent,
    onCommand: (listener, onUnreadable) =>
      parent.onMessage((message) => {
        try {
          listener(parseCommand(message));
        } catch (error) {
          onUnreadable(error);
        }
      }),
  };
}
