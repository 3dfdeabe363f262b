import { WorkbenchError } from '../shared/domain/errors.ts';
import os from 'node:os';
import path from 'node:path';
import { diagnoseBackends } from '../backends/index.ts';
import type { TrainerLauncher } from '../trainer/host.ts';
import { createComparisons } from './comparing/comparisons.ts';
import type { Core } from './core.ts';
import { runDemo } from './demo/index.ts';
import { createConsents } from './contract/consents.ts';
import { createDispatcher } from './contract/dispatch.ts';
import { checkWorkspace } from './workspace/check-workspace.ts';
import { createDoctor } from './workspace/doctor.ts';
import { createEvaluations } from './comparing/evaluations.ts';
import { createEventBus } from './contract/event-bus.ts';
import { createFollowing } from './following/following.ts';
import { createRunAlerts } from './following/run-alerts.ts';
import { createFiles } from './workspace/files.ts';
import type { Dialog } from './workspace/files.ts';
import { createHandlers } from './contract/handlers.ts';
import { createHub } from './hub/hub.ts';
import type { Services } from './services.ts';
import { createImports } from './imports/imports.ts';
import { createComputations } from './supervision/computations.ts';
import { createDevice } from './supervision/device.ts';
import { createJobs } from './supervision/jobs.ts';
import { createMadeModels } from './models/made-models.ts';
import { createModels } from './models/models.ts';
import { createReports } from './reports/reports.ts';
import type { PdfPrinter } from '../reports/pdf.ts';
import { createPrompting } from './serving/prompts.ts';
import { createRuns } from './runs/runs.ts';
import { createSettingUp } from './setting-up/setting-up.ts';
import { createSites } from './sites/sites.ts';
import type { Pace } from './sites/follow.ts';
import { createMadeFiles } from './workspace/made-files.ts';
import { createSamples } from './comparing/samples.ts';
import { createStudies } from './studies/studies.ts';
import { createStatistics } from './statistics/statistics.ts';
import { openWorkspaceStore } from './workspace/open-workspace.ts';
import { claimFolder, makePrivate, mark } from './workspace/own-folder.ts';
import { Pending } from '../system/pending.ts';
import { version } from './version.ts';
import { watchStore } from './contract/watch-store.ts';
import type { Workbench } from './workbench.ts';
import { tidyDrafts } from './workspace/tidy-drafts.ts';
import { createThings } from './workspace/things.ts';
import { createFolders, workspaceLayout } from './workspace/workspace-layout.ts';

export interface WorkbenchOptions {
  /** Folder of the workspace; made when it is not there. */
  folder: string;
  shell: 'electron' | 'web';
  launchTrainer: TrainerLauncher;
  /** Native file dialogs, where the shell has them. */
  dialog?: Dialog;
  printPdf?: PdfPrinter;
  /** How often sites are looked at; tests look more often than a cluster should be asked. */
  sitePace?: Pace;
  /** Shows the workbench of another machine in place of this one. */
  connectHost?: Services['connectHost'];
  /** Opens a file with the system; returns whether it did. */
  openFile?: (file: string) => Promise<boolean>;
  /** Shows a file in its folder. */
  showFile?: (file: string) => void;
  /** Where failures go that are no expected ones. */
  onDefect?: (where: string, error: unknown) => void;
}

const maxUploadBytes = 20e9;
const tidyEveryMs = 6 * 60 * 60 * 1000;

/** Opens a workspace and wires the services. Runs that a killed program left behind are settled before it is ready. */
export async function createWorkbench(options: WorkbenchOptions): Promise<Workbench> {
  const layout = workspaceLayout(options.folder);
  await claimFolder(layout);
  const { store, hindrance, readOnly } = await openWorkspaceStore(layout);
  if (!readOnly) {
    // After the store has found the database to be ours: a folder next to a database that is gone tells that there was one.
    await mark(layout);
    await createFolders(layout);
    await makePrivate(layout);
    await tidyDrafts(layout);
  }
  const bus = createEventBus();
  const jobs = createJobs(bus);
  const core: Core = {
    layout,
    store,
    bus,
    jobs,
    computations: createComputations(jobs, bus),
    device: createDevice(layout),
    launchTrainer: options.launchTrainer,
    hindrance,
    readOnly,
  };
  const statistics = createStatistics();
  const roots = [layout.root, os.homedir(), process.cwd()];
  const madeFiles = createMadeFiles(core);
  const files = createFiles({
    makeUpload: (name, write) => madeFiles.make('uploads', name, write),
    discardUpload: (file) => madeFiles.discard('uploads', file),
    isUpload: (file) => path.resolve(file).startsWith(layout.uploads + path.sep),
    roots,
    maxUploadBytes,
    dialog: options.dialog,
  });
  const doctor = createDoctor(core, diagnoseBackends);
  const models = createModels(core);
  const comparisons = createComparisons(core, statistics);
  const sites = createSites(core, options.sitePace);
  const evaluations = createEvaluations(core, sites);
  const runs = createRuns(core, comparisons, sites);
  const samples = createSamples(core);
  const madeModels = createMadeModels(core, models);
  const reports = createReports(core, {
    comparisons,
    samples,
    files,
    madeFiles,
    statistics,
    version,
    printPdf: options.printPdf,
  });
  const services: Omit<Services, 'openFile' | 'showFile' | 'connectHost' | 'demo'> = {
    core,
    shell: options.shell,
    version,
    files,
    hub: createHub(),
    things: createThings(core, models),
    models,
    madeModels,
    imports: createImports(core, files, models),
    runs,
    alerts: createRunAlerts(core, comparisons),
    following: createFollowing({ core, models, evaluations, comparisons }),
    sites,
    evaluations,
    comparisons,
    prompting: createPrompting(core),
    samples,
    consents: createConsents(),
    reports,
    studies: createStudies(core, { runs, comparisons, madeModels, reports }),
    settingUp: createSettingUp({ jobs, dialog: options.dialog, onReady: doctor.forget }),
    doctor: doctor.examine,
    checkWorkspace: (how, task) => checkWorkspace(core, models.hash, how, task),
  };
  const unwatch = watchStore(core, runs.looksAfter);
  const tidying = new Pending((error) => options.onDefect?.('tidying uploads and exports', error));
  // A shell that stays open for weeks tidies too.
  const tidyTimer = setInterval(() => tidying.add(madeFiles.tidy()), tidyEveryMs);
  tidyTimer.unref();
  const workbench: Workbench = {
    ...services,
    bus,
    subscribe: bus.subscribe,
    handle: createDispatcher(
      createHandlers({
        ...services,
        connectHost: options.connectHost ?? refuseHost,
        openFile: options.openFile ?? (() => Promise.resolve(false)),
        showFile: options.showFile ?? null,
        async demo(quick, task) {
          const { reportId, runIds } = await runDemo(workbench, { quick, task });
          return { reportId, runIds: runIds.join(',') };
        },
      }),
      options.onDefect,
      services.consents,
    ),
    async close() {
      unwatch();
      clearInterval(tidyTimer);
      await tidying.settled();
      await runs.close();
      await services.alerts.close();
      await core.jobs.close();
      await services.settingUp.close();
      await services.prompting.close();
      await core.device.settled();
      await services.things.close();
      await statistics.close();
      await store.close();
    },
  };
  if (readOnly) clearInterval(tidyTimer);
  else {
    await runs.recover();
    tidying.add(madeFiles.tidy());
  }
  return workbench;
}

function refuseHost({ host }: { host: string }): Promise<void> {
  const message = 'A browser cannot connect to another machine.';
  return Promise.reject(
    new WorkbenchError('unsupported', message, { remedy: `Run in a terminal: flipguard connect ${host} --open` }),
  );
}
