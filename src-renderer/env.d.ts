import type { WorkbenchBridge } from '@shared/contract/events.ts';

declare global {
  interface Window {
    /** Set by Electron's preload script; absent in the web shell. */
    readonly flipguard?: WorkbenchBridge;
  }
}
