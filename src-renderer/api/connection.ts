import type { WorkbenchBridge } from '@shared/contract/events.ts';

/**
 * Whether the workbench can be reached. `refused`: it answers, but no longer knows this browser, as after a restart.
 * Electron's bridge is always `open`.
 */
export type ConnectionState = 'connecting' | 'open' | 'lost' | 'refused';

/** What the renderer needs of a shell: the contract's bridge, and in the web shell how its connection fares. */
export interface ShellBridge extends WorkbenchBridge {
  /** Called at once with the present state, then at every change; returns the function that unsubscribes. */
  onConnection?(listener: (state: ConnectionState) => void): () => void;
  /** Tries again now instead of waiting for the next attempt. */
  reconnect?(): void;
}
