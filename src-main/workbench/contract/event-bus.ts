import { randomUUID } from 'node:crypto';
import type { WorkbenchEvent, WorkbenchEventBody } from '../../shared/contract/events.ts';

export type WorkbenchListener = (event: WorkbenchEvent) => void;

/** Numbers what happens and tells everyone who listens. A new `epoch` begins with every start of the workbench. */
export interface EventBus {
  readonly epoch: string;
  /** Number of the newest event; 0 before the first. */
  readonly seq: number;
  publish(body: WorkbenchEventBody): void;
  /** Answers the function that unsubscribes. */
  subscribe(listener: WorkbenchListener): () => void;
}

export function createEventBus(): EventBus {
  const epoch = randomUUID();
  const listeners = new Set<WorkbenchListener>();
  let seq = 0;
  return {
    epoch,
    get seq() {
      return seq;
    },
    publish(body) {
      seq += 1;
      const event: WorkbenchEvent = { ...body, seq, epoch };
      for (const listener of [...listeners]) listener(event);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
