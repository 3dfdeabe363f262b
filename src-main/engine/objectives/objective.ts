import type { Variable } from '@tensorflow/tfjs-core';
import type {
  SampleMetricName,
  SampleTable,
  SampleTableName,
  SampleTables,
  StepMetrics,
} from '../../shared/domain/metrics.ts';
import type { StepAnswers } from '../../shared/domain/trainer-events.ts';
import type { DropoutSeeds } from '../models/dropout.ts';
import type { Gradients } from '../optim/adamw.ts';
import type { PassInputs, PassTensors } from '../passes.ts';

/** One optimiser step's share of the data. */
export interface StepBatch {
  /** Samples by index, in the order the data came. */
  indices: number[];
  /** Samples per forward pass; gradients add up over `indices`. */
  microBatchSize: number;
  /** 1-based. */
  step: number;
}

/** What one step saw. `metrics` are means over the batch, `tables` the same numbers sample by sample. */
export interface StepOutcome {
  metrics: StepMetrics;
  tables: SampleTables;
  /** Figures of the step under names that no registry can list, such as those of slices. */
  others?: Record<string, number>;
  /** What the policy answered, prompt by prompt, where it samples. */
  answers?: StepAnswers[];
  /** Real tokens that went through the policy. */
  tokens: number;
}

/**
 * Applies one update (clipping, optimiser) and disposes the gradients. Refuses losses and norms that are not finite; the norm is computed
 * from the gradients if it is not known.
 */
export type ApplyGradients = (gradients: Gradients, loss: number, norm?: number) => Promise<void>;

/** An algorithm as the training loop sees it. */
export interface Objective {
  /** Ids and token counts of the samples it trains on. */
  readonly sampleIds: readonly string[];
  readonly lengths: readonly number[];
  /** Everything the optimiser moves: the model's trainable weights and heads of the objective's own. */
  readonly trainable: ReadonlyMap<string, Variable>;
  /** Heads besides the model's own weights; a checkpoint keeps them with the optimiser. */
  readonly heads?: ReadonlyMap<string, Variable>;
  step(batch: StepBatch, apply: ApplyGradients): Promise<StepOutcome>;
  /** λ of the guard, if there is one. */
  guardWeight?: number;
  /** What a resumed run needs besides weights, optimiser and data position; plain JSON. */
  state(): ObjectiveState;
  restore(state: ObjectiveState): void;
  dispose(): void;
}

export type ObjectiveState = Record<string, number | number[]>;

/** Seed of LoRA dropout for the micro-batch of a step that starts at this sample: the same in a resumed run. */
export type DropoutSeed = (step: number, firstSample: number) => number;

/** The seed of a pass's dropout as an input; empty without dropout. */
export function dropoutInputs(seed: number | undefined): PassInputs {
  return seed === undefined ? {} : { 'dropout seed': Int32Array.of(seed) };
}

/** The same within the pass. */
export function dropoutOf(tensors: PassTensors, seed: number | undefined): DropoutSeeds | undefined {
  const tensor = tensors['dropout seed'];
  return seed === undefined || tensor === undefined ? undefined : { seed: tensor, number: seed };
}

/** Consecutive stretches of at most `size`. */
export function microBatches(indices: readonly number[], size: number): number[][] {
  const parts: number[][] = [];
  for (let start = 0; start < indices.length; start += size) parts.push(indices.slice(start, start + size));
  return parts;
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Per-sample numbers of one table, gathered over the micro-batches of a step. */
export class SampleLog<Table extends SampleTableName> {
  readonly sampleIds: string[] = [];
  readonly #columns = new Map<SampleMetricName<Table>, number[]>();

  add(ids: readonly string[], values: { readonly [Name in SampleMetricName<Table>]?: ArrayLike<number> }): void {
    this.sampleIds.push(...ids);
    // `Object.keys` loses the names' type.
    for (const name of Object.keys(values) as SampleMetricName<Table>[]) {
      this.column(name).push(...Array.from(values[name] ?? []));
    }
  }

  column(name: SampleMetricName<Table>): number[] {
    const column = this.#columns.get(name) ?? [];
    this.#columns.set(name, column);
    return column;
  }

  means(): { [Name in SampleMetricName<Table>]?: number } {
    const means = Array.from(this.#columns, ([name, values]) => [name, meanOf(values)]);
    return Object.fromEntries(means) as { [Name in SampleMetricName<Table>]?: number };
  }

  table(): SampleTable<Table> {
    return { sampleIds: this.sampleIds, metrics: Object.fromEntries(this.#columns) as SampleTable<Table>['metrics'] };
  }
}
