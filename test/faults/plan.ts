/** What the hook does to the programs that it is loaded into (`hook.ts`); handed on in `FLIPGUARD_FAULT`, so that children have it too. */
export interface FaultPlan {
  /** Only what happens inside this folder counts. */
  root: string;
  /** A file with one byte per operation, of all processes together. */
  counter: string;
  /**
   * `count`: nothing. `kill`: whoever comes to operation `at` dies by SIGKILL, in the middle of it where it writes. `full`: from
   * operation `at` on the disk is full. `record`: every operation is written to `log`.
   */
  does: 'count' | 'kill' | 'full' | 'record';
  at: number;
  /** Who may die: whoever comes first, or the whole group. */
  dies?: 'itself' | 'all';
  /** Only operations of this program make it die. */
  only?: 'owner' | 'trainer';
  log?: string;
}

export const planVariable = 'FLIPGUARD_FAULT';

/** An operation as the recorder notes it. Paths are relative to the plan's `root`; content is base64. */
export type Operation =
  | { op: 'open'; path: string; truncate: boolean }
  | { op: 'write'; path: string; data: string; at: number | null }
  | { op: 'truncate'; path: string; size: number }
  | { op: 'flush'; path: string }
  | { op: 'rename'; path: string; to: string }
  | { op: 'link'; path: string; to: string }
  | { op: 'remove'; path: string }
  | { op: 'folder'; path: string }
  /** A transaction of the store is on disk; its files were copied to `to`. */
  | { op: 'commit'; path: string; to: string };
