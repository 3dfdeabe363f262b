import type { Variable } from '@tensorflow/tfjs-core';
import type { StepMetrics, StepSamples } from '../../shared/domain/jobs.ts';
import type { Gradients } from '../optim/adamw.ts';

/** One optimiser step's share of the data. */
export interface StepBatch {
  /** Samples by index, in the order the data came. */
  indices: number[];
  /** Samples a forward pass takes; gradients add up over `indices`. */
  microBatchSize: number;
  /** 1-based. */
  step: number;
}

/** What one step saw. `metrics` are means over the batch, `samples` the same numbers one by one. */
export interface StepOutcome {
  metrics: StepMetrics;
  samples: StepSamples;
  /** What the guard did, by its own samples. */
  guardSamples?: StepSamples;
  /** Real tokens that went through the policy. */
  tokens: number;
}

/** Applies one update (clipping, optimiser) and disposes the gradients. Refuses losses and norms that are not finite. */
export type ApplyGradients = (gradients: Gradients, loss: number) => Promise<void>;

/** An algorithm as the training loop sees it. */
export interface Objective {
  /** Ids and token counts of the samples it trains on. */
  readonly sampleIds: readonly string[];
  readonly lengths: readonly number[];
  /** Everything the optimiser moves: the model's trainable weights and heads of the objective's own. */
  readonly trainable: ReadonlyMap<string, Variable>;
  /** Heads beside the model's own weights; a checkpoint keeps them with the optimiser. */
  readonly heads?: ReadonlyMap<string, Variable>;
  step(batch: StepBatch, apply: ApplyGradients): Promise<StepOutcome>;
  /** λ of the guard, where there is one. */
  guardWeight?: number;
  /** What a resumed run needs beside weights, optimiser and data position; plain JSON. */
  state(): ObjectiveState;
  restore(state: ObjectiveState): void;
  dispose(): void;
}

export type ObjectiveState = Record<string, number | number[]>;

/** Seed of LoRA dropout for the micro-batch of a step that starts at this sample: the same in a resumed run. */
export type DropoutSeed = (step: number, firstSample: number) => number;

/** Consecutive stretches of at most `size`. */
export function microBatches(indices: readonly number[], size: number): number[][] {
  const parts: number[][] = [];
  for (let start = 0; start < indices.length; start += size) parts.push(indices.slice(start, start + size));
  return parts;
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Per-sample numbers gathered over the micro-batches of a step. */
export class SampleLog {
  readonly sampleIds: string[] = [];
  readonly metrics: Record<string, number[]> = {};

  add(ids: readonly string[], values: Record<string, ArrayLike<number>>): void {
    this.sampleIds.push(...ids);
    for (const [name, column] of Object.entries(values)) (this.metrics[name] ??= []).push(...Array.from(column));
  }

  column(name: string): number[] {
    return this.metrics[name] ?? [];
  }

  means(): StepMetrics {
    return Object.fromEntries(Object.entries(this.metrics).map(([name, values]) => [name, meanOf(values)]));
  }
}
