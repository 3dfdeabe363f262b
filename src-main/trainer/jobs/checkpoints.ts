import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { saveAdapter } from '../../engine/checkpoint/peft.ts';
import { readTensors } from '../../engine/checkpoint/read-tensors.ts';
import { saveModel, writeTensors } from '../../engine/checkpoint/save-model.ts';
import type { CausalLm } from '../../engine/models/causal-lm.ts';
import type { Objective } from '../../engine/objectives/objective.ts';
import type { AdamW } from '../../engine/optim/adamw.ts';
import type { TrainingState } from '../../engine/train-loop.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { CheckpointInfo } from '../../shared/domain/trainer-events.ts';
import type { RunSpec } from '../../shared/domain/run-spec.ts';
import {
  checkpointFolder,
  checkpointSteps,
  optimizerFile,
  readState,
  stateFile,
  sumsFile,
} from '../checkpoint-folder.ts';
import { createFolder, openFolder } from '../node-folders.ts';

/** The checkpoints of one run: `checkpoints/<step>/`, each a model folder with what a resume needs besides it. */
export class Checkpoints {
  readonly #runFolder: string;
  readonly #keep: RunSpec['checkpoint']['keep'];

  constructor(runFolder: string, keep: RunSpec['checkpoint']['keep']) {
    this.#runFolder = runFolder;
    this.#keep = keep;
  }

  /**
   * The checkpoint of a step; null for the start.
   * @throws WorkbenchError `corrupt` when its state is not of this step.
   */
  async open(step: number | null): Promise<{ folder: string; state: TrainingState } | null> {
    if (step === null) return null;
    const state = await readState(this.#runFolder, step);
    return { folder: checkpointFolder(this.#runFolder, step), state };
  }

  /** Weights (of the adapter alone, where there is one), optimiser and state. `modelPath`: where the policy came from. */
  async save(
    model: CausalLm,
    modelPath: string,
    optimizer: AdamW,
    objective: Objective,
    state: TrainingState,
  ): Promise<CheckpointInfo> {
    const folder = checkpointFolder(this.#runFolder, state.step);
    const writer = await createFolder(folder, sumsFile);
    try {
      const { sha256 } =
        model.adapter === null
          ? await saveModel(model, openFolder(modelPath), writer)
          : await saveAdapter(model, writer, modelPath);
      const moments = optimizer.tensors();
      await writeTensors(writer, optimizerFile, new Map([...Object.entries(moments), ...(objective.heads ?? [])]));
      tf.dispose(moments);
      await writer.writeText(stateFile, `${JSON.stringify(state, null, 1)}\n`);
      await writer.commit();
      const kind = model.adapter === null ? 'full' : 'adapter';
      return { step: state.step, path: `checkpoints/${state.step}`, kind, sha256, sizeBytes: await sizeOf(folder) };
    } catch (error) {
      await writer.abandon();
      throw error;
    }
  }

  /** Called when a newer one has been announced: until then the run could not be resumed without the older. */
  async removeOld(): Promise<void> {
    if (this.#keep === 'all') return;
    const kept = this.#keep === 'last' ? 1 : this.#keep;
    for (const step of (await checkpointSteps(this.#runFolder)).slice(0, -kept)) {
      await fs.rm(checkpointFolder(this.#runFolder, step), { recursive: true, force: true });
    }
  }
}

/** Puts an optimiser's moments back, and the heads that a checkpoint keeps with them. */
export async function restoreOptimizer(
  optimizer: AdamW,
  objective: Objective,
  folder: string,
  step: number,
): Promise<void> {
  const { tensors } = await readTensors(openFolder(folder), optimizerFile);
  for (const [name, head] of objective.heads ?? []) {
    const saved = tensors.get(name);
    if (saved === undefined) throw new WorkbenchError('corrupt', `${optimizerFile} lacks ${name}`);
    head.assign(saved);
    saved.dispose();
    tensors.delete(name);
  }
  optimizer.restore(step, Object.fromEntries(tensors));
}

async function sizeOf(folder: string): Promise<number> {
  const names = await fs.readdir(folder);
  const sizes = await Promise.all(names.map(async (name) => (await fs.stat(path.join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
