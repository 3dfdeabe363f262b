import type { Doctor } from '../shared/contract/views.ts';
import type { Comparisons } from './comparing/comparisons.ts';
import type { Evaluations } from './comparing/evaluations.ts';
import type { Samples } from './comparing/samples.ts';
import type { Consents } from './contract/consents.ts';
import type { Core } from './core.ts';
import type { RunAlerts } from './following/run-alerts.ts';
import type { Following } from './following/following.ts';
import type { Hub } from './hub/hub.ts';
import type { Imports } from './imports/imports.ts';
import type { MadeModels } from './models/made-models.ts';
import type { Models } from './models/models.ts';
import type { Reports } from './reports/reports.ts';
import type { Runs } from './runs/runs.ts';
import type { Prompting } from './serving/prompts.ts';
import type { SettingUp } from './setting-up/setting-up.ts';
import type { Sites } from './sites/sites.ts';
import type { Studies } from './studies/studies.ts';
import type { Task } from './supervision/task.ts';
import type { WorkspaceCheck } from './workspace/check-workspace.ts';
import type { Files } from './workspace/files.ts';
import type { Things } from './workspace/things.ts';

/** Another machine as ssh knows it, and where its workbench and workspace are; null leaves that to the machine. */
export interface HostToConnect {
  host: string;
  program: string | null;
  workspace: string | null;
}

/** What the application consists of: each service is one room's door. */
export interface Services {
  readonly core: Core;
  readonly shell: 'electron' | 'web';
  readonly version: string;
  readonly files: Files;
  readonly hub: Hub;
  readonly things: Things;
  readonly models: Models;
  readonly madeModels: MadeModels;
  readonly imports: Imports;
  readonly runs: Runs;
  readonly following: Following;
  /** What the rules of its own runs find. */
  readonly alerts: RunAlerts;
  readonly sites: Sites;
  readonly studies: Studies;
  readonly evaluations: Evaluations;
  readonly comparisons: Comparisons;
  readonly prompting: Prompting;
  readonly samples: Samples;
  readonly consents: Consents;
  readonly reports: Reports;
  readonly settingUp: SettingUp;
  readonly doctor: (options?: { again: boolean }) => Promise<Doctor>;
  /** Compares the whole workspace with its records; with `repair`, does what loses nothing. */
  readonly checkWorkspace: (options: { repair: boolean }, task: Task) => Promise<WorkspaceCheck>;
  /** Opens a finished report with the system, where the shell can; returns whether it did. */
  /** Shows the workbench of another machine; refused by a shell without windows. */
  readonly connectHost: (request: HostToConnect, task: Task) => Promise<void>;
  readonly openFile: (file: string) => Promise<boolean>;
  /** Shows a file in its folder; null in a shell that cannot. */
  readonly showFile: ((file: string) => void) | null;
  readonly demo: (quick: boolean, task: Task) => Promise<Record<string, string>>;
}
