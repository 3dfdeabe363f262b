import type { AlertRecord } from '../domain/alerts.ts';
import type { ComparisonRecord } from '../domain/flip-view.ts';
import type { RunRecord } from '../domain/entities.ts';
import type { ShownEvent } from '../domain/trainer-events.ts';
import type { Job } from './views.ts';

/**
 * What the workbench tells every window. `seq` counts up by one over all events of one server's life (`epoch`); a client that sees a gap or
 * a new epoch reads its snapshots again. Run events carry the run's own `seq` too, so a tail can be resumed from `runs.events`.
 */
export type WorkbenchEventBody =
  | { topic: 'job'; job: Job }
  | { topic: 'run'; run: RunRecord }
  | { topic: 'run-events'; runId: string; events: ShownEvent[] }
  | { topic: 'alert'; alert: AlertRecord }
  /** An alert of a run was raised, and did not reach the address that was named for it. */
  | { topic: 'alert-lost'; runName: string; message: string }
  | { topic: 'comparison'; comparison: ComparisonRecord }
  /** A piece of an answer to a prompt that a window tries; `stream` is the window's own word for it. */
  | { topic: 'prompt-text'; stream: string; side: number; text: string }
  /** Lists of these kinds changed: read them again. */
  | {
      topic: 'changed';
      lists: (
        | 'models'
        | 'datasets'
        | 'suites'
        | 'runs'
        | 'evaluations'
        | 'comparisons'
        | 'guard-sets'
        | 'reports'
        | 'imports'
        | 'sites'
        | 'annotations'
      )[];
    };

export type WorkbenchEvent = WorkbenchEventBody & { seq: number; epoch: string };

/** What a shell gives the renderer: the whole surface of the preload script and of the web client. */
export interface WorkbenchBridge {
  /** Always resolves; failures are `Result`s. */
  invoke(channel: string, input: unknown): Promise<unknown>;
  /** Answers the function that unsubscribes. */
  subscribe(listener: (event: WorkbenchEvent) => void): () => void;
  /** Connection of the web shell; Electron is always `open`. */
  readonly shell: 'electron' | 'web';
}
