import type { WorkbenchOptions } from '../../workbench/create-workbench.ts';
import type { Task } from '../../workbench/supervision/task.ts';
import type { Workbench } from '../../workbench/workbench.ts';
import type { Streams, Terminal } from './terminal.ts';
import type { ExitStatus } from './exit-status.ts';

/** What a command works with. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** What a person types, or a pipe brings. */
  readonly input: Streams['stdin'];
  /** The workspace's folder. */
  readonly folder: string;
  /** Progress to stderr; aborted by Ctrl-C. */
  readonly task: Task;
  /** Opened on first use, closed when the command has ended. */
  workbench(): Promise<Workbench>;
  /** Starts a trainer for work that needs no workspace. */
  launchTrainer(): Promise<WorkbenchOptions['launchTrainer']>;
  /** What Ctrl-C does instead of cancelling the task; a second one ends the program. */
  onInterrupt(handler: () => void): void;
  /** Whether Ctrl-C was pressed. */
  interrupted(): boolean;
}

/** A command answers its exit status; undefined means 0. */
export type Command<Args extends unknown[]> = (
  context: CommandContext,
  ...args: Args
) => Promise<ExitStatus | undefined | void>;
