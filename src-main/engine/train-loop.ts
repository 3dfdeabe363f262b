import { WorkbenchError } from '../shared/domain/errors.ts';
import type { CheckpointInfo, TrainerEventBody } from '../shared/domain/trainer-events.ts';
import type { RunSpec } from '../shared/domain/run-spec.ts';
import type { DataOrder, DataPosition } from './data/order.ts';
import { asFailure } from './failure.ts';
import type { FlipLimit } from './flip-limit.ts';
import type { Objective, ObjectiveState, StepOutcome } from './objectives/objective.ts';
import type { AdamW, Gradients } from './optim/adamw.ts';
import { clipFactor, disposeGradients, globalNorm } from './optim/gradients.ts';
import { learningRateAt } from './optim/schedule.ts';
import type { Clock, NativeOps } from './ports.ts';

/** What a person may ask of a running loop; read between steps. */
export interface TrainControl {
  stopping(): boolean;
  paused(): boolean;
  /** Resolves once the pause or the run is over. */
  untilResumed(): Promise<void>;
  /** A λ set by hand since the last call. */
  takeGuardWeight(): number | undefined;
}

/** Everything besides weights and optimiser tensors that a run needs to go on as if it had not been interrupted. Plain JSON. */
export interface TrainingState {
  step: number;
  optimizerSteps: number;
  /** Step of the last evaluation that was completed. */
  evaluatedAt: number | null;
  data: DataPosition;
  objective: ObjectiveState;
}

export interface TrainingPlan {
  spec: RunSpec;
  objective: Objective;
  optimizer: AdamW;
  order: DataOrder;
  totalSteps: number;
  /** Steps already made; 0 unless resumed. */
  startStep: number;
  ops: NativeOps;
  clock: Clock;
  control: TrainControl;
  /** Lets the process handle messages; called between steps. */
  breathe(): Promise<void>;
  /** All suites at a step, as events. */
  evaluate(step: number): AsyncGenerator<TrainerEventBody>;
  saveCheckpoint(state: TrainingState): Promise<CheckpointInfo>;
  limit: FlipLimit | null;
  lastCheckpointStep: number | null;
  /** Step of the last whole evaluation before this start. */
  lastEvaluationStep: number | null;
}

/**
 * The training loop of every algorithm: evaluation before, during and after; checkpoints; stop, pause and limits between
 * steps. Ends with `finished` or `failed`; the consumer's pace is the loop's pace.
 */
export async function* trainingLoop(plan: TrainingPlan): AsyncGenerator<TrainerEventBody> {
  const run = new TrainingRun(plan);
  try {
    yield* run.events();
  } catch (error) {
    yield run.failure(error);
  }
}

class TrainingRun {
  readonly #plan: TrainingPlan;
  #step: number;
  #evaluatedAt: number | null;
  #savedAt: number | null;
  #indices: number[] = [];

  constructor(plan: TrainingPlan) {
    this.#plan = plan;
    this.#step = plan.startStep;
    this.#savedAt = plan.lastCheckpointStep;
    this.#evaluatedAt = plan.lastEvaluationStep;
  }

  async *events(): AsyncGenerator<TrainerEventBody> {
    const { totalSteps, control } = this.#plan;
    yield* this.#evaluateWhenDue();
    let stopped = yield* this.#betweenSteps();
    while (!stopped && this.#step < totalSteps) {
      yield await this.#trainStep();
      yield* this.#evaluateWhenDue();
      if (this.#due(this.#plan.spec.checkpoint.every)) yield await this.#save();
      stopped = (yield* this.#applyLimit()) || (yield* this.#betweenSteps());
    }
    if (!stopped && !control.stopping()) yield* this.#evaluate();
    // Before the first step there is nothing to go on from.
    if (this.#step > 0 && this.#savedAt !== this.#step) yield await this.#save();
    yield { type: 'finished', outcome: this.#step < totalSteps ? 'stopped' : 'completed', step: this.#step };
  }

  /** What to say about an error: the step, its samples, the last good checkpoint, and what may help. */
  failure(error: unknown): TrainerEventBody {
    const known = asFailure(error, this.#plan.spec.batch);
    return {
      type: 'failed',
      error: known.toReport(),
      step: this.#step,
      sampleIds: this.#indices.map((index) => this.#plan.objective.sampleIds[index] as string),
      ...(this.#savedAt === null ? {} : { lastCheckpointStep: this.#savedAt }),
    };
  }

  async #trainStep(): Promise<TrainerEventBody> {
    const { objective, optimizer, order, spec, clock, totalSteps } = this.#plan;
    const [startedMs, processorMs] = [clock.nowMs(), clock.processorMs()];
    const learningRate = learningRateAt(this.#step, totalSteps, spec.optimizer);
    this.#indices = order.next();
    this.#step += 1;
    const norms: number[] = [];
    const outcome = await objective.step(
      { indices: this.#indices, microBatchSize: spec.batch.size, step: this.#step },
      async (gradients, loss, known) => {
        const norm = await this.#checkedNorm(gradients, loss, known);
        norms.push(norm);
        optimizer.update(gradients, learningRate, clipFactor(norm, spec.optimizer.maxGradNorm));
        disposeGradients(gradients);
      },
    );
    this.#indices = [];
    const seconds = (clock.nowMs() - startedMs) / 1000;
    const processorSeconds = (clock.processorMs() - processorMs) / 1000;
    return this.#stepEvent(outcome, learningRate, norms, { seconds, processorSeconds });
  }

  #stepEvent(
    outcome: StepOutcome,
    learningRate: number,
    norms: number[],
    { seconds, processorSeconds }: { seconds: number; processorSeconds: number },
  ): TrainerEventBody {
    const metrics = {
      ...outcome.metrics,
      // A step that was stopped by a KL limit made no update.
      ...(norms.length === 0 ? {} : { grad_norm: norms.reduce((sum, norm) => sum + norm, 0) / norms.length }),
      learning_rate: learningRate,
      step_seconds: seconds,
      processor_seconds: processorSeconds,
      tokens_per_second: seconds > 0 ? outcome.tokens / seconds : 0,
    };
    const { tables, answers, others = {} } = outcome;
    const named = Object.keys(others).length === 0 ? {} : { others };
    const told = { metrics, ...named, tables, ...(answers === undefined ? {} : { answers }) };
    return { type: 'step', step: this.#step, epoch: this.#plan.order.epochs, ...told };
  }

  /** Nothing that is not finite reaches the weights. */
  async #checkedNorm(gradients: Gradients, loss: number, known: number | undefined): Promise<number> {
    const norm = known ?? (await readNorm(gradients, this.#plan.ops));
    if (Number.isFinite(loss) && Number.isFinite(norm)) return norm;
    disposeGradients(gradients);
    const what = Number.isFinite(loss) ? `gradient norm is ${norm}` : `loss is ${loss}`;
    throw new WorkbenchError('diverged', `Training diverged at step ${this.#step}: the ${what}.`, {
      remedy:
        'The weights are those of the step before. Lower optimizer.learningRate, set optimizer.maxGradNorm (1 is usual), or look at the samples of this step.',
    });
  }

  /** Before training, and every so often; an evaluation that a stop cut short is made up for at the next start. */
  async *#evaluateWhenDue(): AsyncGenerator<TrainerEventBody> {
    const due = this.#step === 0 || this.#due(this.#plan.spec.evaluate.every);
    if (due && this.#step < this.#plan.totalSteps) yield* this.#evaluate();
  }

  async *#evaluate(): AsyncGenerator<TrainerEventBody> {
    if (this.#evaluatedAt === this.#step) return;
    for await (const event of this.#plan.evaluate(this.#step)) {
      if (event.type === 'evaluation-batch') this.#plan.limit?.observe(event.mark, event.results);
      yield event;
    }
    if (!this.#plan.control.stopping()) this.#evaluatedAt = this.#step;
  }

  async #save(): Promise<TrainerEventBody> {
    const { objective, optimizer, order } = this.#plan;
    const checkpoint = await this.#plan.saveCheckpoint({
      step: this.#step,
      optimizerSteps: optimizer.step,
      evaluatedAt: this.#evaluatedAt,
      data: order.position,
      objective: objective.state(),
    });
    this.#savedAt = this.#step;
    return { type: 'checkpoint', checkpoint };
  }

  /** Returns whether the run should end. */
  async *#applyLimit(): AsyncGenerator<TrainerEventBody, boolean> {
    const { limit, objective, spec } = this.#plan;
    const passed = this.#evaluatedAt === this.#step ? (limit?.passedAt(this.#step) ?? null) : null;
    if (passed === null) return false;
    yield { type: 'log', level: 'warning', message: passed };
    switch (spec.limits.action) {
      case 'stop':
        return true;
      case 'checkpoint':
        if (this.#savedAt !== this.#step) yield await this.#save();
        return false;
      case 'raise-weight':
        if (objective.guardWeight !== undefined) objective.guardWeight = Math.max(2 * objective.guardWeight, 0.1);
        return false;
    }
  }

  /** Messages are handled here; returns whether the run should end. */
  async *#betweenSteps(): AsyncGenerator<TrainerEventBody, boolean> {
    const { control, objective } = this.#plan;
    await this.#plan.breathe();
    if (control.paused() && !control.stopping()) {
      yield { type: 'paused', step: this.#step };
      await control.untilResumed();
      yield { type: 'resumed', step: this.#step };
    }
    const weight = control.takeGuardWeight();
    if (weight !== undefined && objective.guardWeight !== undefined) objective.guardWeight = weight;
    return control.stopping();
  }

  #due(every: number | undefined): boolean {
    return every !== undefined && this.#step % every === 0;
  }
}

async function readNorm(gradients: Gradients, ops: NativeOps): Promise<number> {
  const scalar = globalNorm(gradients, ops);
  const norm = (await scalar.data())[0] as number;
  scalar.dispose();
  return norm;
}
