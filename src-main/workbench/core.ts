import type { ErrorReport } from '../shared/domain/errors.ts';
import type { Store } from '../store/api.ts';
import type { TrainerLauncher } from '../trainer/host.ts';
import type { EventBus } from './contract/event-bus.ts';
import type { Computations } from './supervision/computations.ts';
import type { Device } from './supervision/device.ts';
import type { Jobs } from './supervision/jobs.ts';
import type { WorkspaceLayout } from './workspace/workspace-layout.ts';

/** What every service rests on. */
export interface Core {
  readonly layout: WorkspaceLayout;
  readonly store: Store;
  readonly bus: EventBus;
  readonly jobs: Jobs;
  readonly computations: Computations;
  readonly device: Device;
  readonly launchTrainer: TrainerLauncher;
  /** What hinders work in this workspace (a full disk, a read-only folder), and what to do; null when nothing does. */
  readonly hindrance: ErrorReport | null;
  /** Nothing may be written: runs of programs that are gone are not settled either. */
  readonly readOnly: boolean;
}
