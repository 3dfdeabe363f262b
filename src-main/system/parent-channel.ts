/** A child process's end of the wire to the program that started it. */
export interface ParentChannel {
  /** Resolves when the message has left the process. */
  send(message: unknown): Promise<void>;
  onMessage(listener: (message: unknown) => void): void;
  /** The other end is gone. */
  onLost(listener: () => void): void;
  /** Lets go of the wire, so that the process can end. */
  close(): void;
  /** Ends the process, after its last message. */
  exit(): void;
}

/** Electron's utility processes talk through `process.parentPort`; Electron's types are not imported for its sake. */
interface ParentPort {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (event: { data: unknown }) => void): void;
}

/** Electron's utility process when there is one, else Node's own channel to the parent; null where nobody listens. */
export function openParentChannel(): ParentChannel | null {
  const parentPort = (process as { parentPort?: ParentPort }).parentPort;
  if (parentPort !== undefined) return electronChannel(parentPort);
  return process.send === undefined ? null : nodeChannel();
}

/**
 * A Ctrl-C, a terminal that closes and a supervisor that stops a service signal every process of a group: what that means for the
 * work is the parent's to say, which stops it with a checkpoint, or kills it.
 */
const leftToParent = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

function nodeChannel(): ParentChannel {
  const ignore = (): void => {};
  for (const signal of leftToParent) process.on(signal, ignore);
  return {
    send: (message) =>
      new Promise((resolve) => {
        if (!process.connected || process.send === undefined) resolve();
        // A parent that has gone is told by `disconnect`.
        else process.send(message, undefined, undefined, () => resolve());
      }),
    onMessage: (listener) => void process.on('message', listener),
    onLost: (listener) => void process.once('disconnect', listener),
    close: () => {
      for (const signal of leftToParent) process.off(signal, ignore);
      if (process.connected) process.disconnect();
    },
    exit: () => process.exit(),
  };
}

const lastMessageMs = 250;

function electronChannel(parentPort: ParentPort): ParentChannel {
  // The port keeps the process alive and tells nobody when a message has left; a moment is given to the last one.
  const leave = (): void => void setTimeout(() => process.exit(0), lastMessageMs);
  return {
    send: (message) => {
      parentPort.postMessage(message);
      return Promise.resolve();
    },
    onMessage: (listener) => parentPort.on('message', ({ data }) => listener(data)),
    // A utility process ends with its application.
    onLost: () => {},
    close: leave,
    exit: leave,
  };
}
