import type { EventBus, WorkbenchListener } from './contract/event-bus.ts';
import type { Handle } from './contract/dispatch.ts';
import type { Services } from './services.ts';

/**
 * The application, without a shell. Windows and scripts go through `handle` and `subscribe`; the command line and the demo,
 * which are on the trusted side and may name paths, use the services.
 */
export interface Workbench extends Omit<Services, 'openFile' | 'showFile' | 'connectHost' | 'demo'> {
  readonly handle: Handle;
  subscribe(listener: WorkbenchListener): () => void;
  readonly bus: EventBus;
  /** Stops runs (each with a checkpoint), cancels jobs, and closes the store. */
  close(): Promise<void>;
}
