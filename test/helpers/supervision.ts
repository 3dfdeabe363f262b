import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { RunRecord } from '../../src-main/shared/domain/entities.ts';
import { WorkbenchError } from '../../src-main/shared/domain/errors.ts';
import { runSpecSchema } from '../../src-main/shared/domain/run-spec.ts';
import { openStore } from '../../src-main/store/client.ts';
import { hashModelFiles } from '../../src-main/workbench/models/folder-files.ts';
import { quietTask } from '../../src-main/workbench/supervision/task.ts';
import { createEventBus } from '../../src-main/workbench/contract/event-bus.ts';
import type { Core } from '../../src-main/workbench/core.ts';
import { createDevice } from '../../src-main/workbench/supervision/device.ts';
import { createComputations } from '../../src-main/workbench/supervision/computations.ts';
import { createJobs } from '../../src-main/workbench/supervision/jobs.ts';
import { runFolder } from '../../src-main/workbench/runs/run-folder.ts';
import { createFolders, workspaceLayout } from '../../src-main/workbench/workspace/workspace-layout.ts';
import { fakeTrainers } from './fake-trainer.ts';
import type { FakeTrainer } from './fake-trainer.ts';
import { temporaryFolder } from './workbench.ts';

const spec = runSpecSchema.parse({
  name: 'fake',
  model: 'm',
  dataset: { train: 'd', heldOut: 0 },
  algorithm: { kind: 'sft' },
  optimizer: { learningRate: 1e-4 },
  steps: 9,
});

/** What supervision rests on: a real store in a real workspace, and trainers that do as the test says. */
export interface Stage {
  core: Core;
  children: FakeTrainer[];
  /** While true, every write to the store fails as on a full disk. */
  broken: boolean;
  /** A run as a launch leaves it: its folder, and its row as queued. */
  addRun(): Promise<RunRecord>;
}

export async function openStage(): Promise<Stage> {
  const layout = workspaceLayout(temporaryFolder());
  await createFolders(layout);
  const store = await openStore(layout.root, { checkIntegrity: false });
  onTestFinished(() => store.close());
  const weights = 'model.safetensors';
  writeFileSync(path.join(layout.models, weights), 'as they were imported');
  const model = await store.addModel({
    name: 'm',
    path: layout.models,
    family: 'llama',
    parameters: 1,
    sizeBytes: 1,
    sha256: await hashModelFiles(layout.models, [weights], quietTask()),
    origin: 'imported',
    state: 'present',
  });
  const ingest = await store.beginDataset({ name: 'd', kind: 'completion', import: null });
  await ingest.push([{ kind: 'completion', id: 'row', prompt: 'a', completion: 'b' }]);
  const datasetId = await ingest.commit();
  const { launch, children } = fakeTrainers();
  const bus = createEventBus();
  const jobs = createJobs(bus);
  const stage: Stage = {
    core: {
      layout,
      store: new Proxy(store, {
        get(target, name: keyof typeof store) {
          if (!stage.broken || !['moveRun', 'appendRunEvents', 'updateRun', 'addRun'].includes(name))
            return target[name];
          return () => Promise.reject(new WorkbenchError('io', 'The disk is full; nothing of this step was written'));
        },
      }),
      bus,
      jobs,
      computations: createComputations(jobs, bus),
      device: createDevice(layout, 1),
      launchTrainer: launch,
      hindrance: null,
      readOnly: false,
    },
    children,
    broken: false,
    async addRun() {
      const id = randomUUID();
      const folder = path.join('runs', id);
      mkdirSync(path.join(layout.root, folder), { recursive: true });
      await runFolder(layout, { folder }).writeInputs({
        model: { kind: 'model', id: model.id },
        rewardModel: null,
        datasetId,
        guardSetId: null,
        suiteIds: [],
      });
      writeFileSync(path.join(layout.root, folder, 'events.ndjson'), '');
      return store.addRun({
        id,
        name: `run ${id.slice(0, 4)}`,
        status: 'queued',
        spec,
        modelId: model.id,
        datasetId,
        guardSetId: null,
        parentRunId: null,
        relation: null,
        sweepId: null,
        folder,
        totalSteps: 9,
        tags: [],
        note: '',
      });
    },
  };
  return stage;
}
