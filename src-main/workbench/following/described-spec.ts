import type { TrainerFolder } from '../../imports/trainer-folder/trainer-folder.ts';
import type { TrainingArgs } from '../../imports/trainer-folder/training-args.ts';
import { elsewhere } from '../../shared/domain/run-origin.ts';
import { runSpecSchema } from '../../shared/domain/run-spec.ts';
import type { RunSpec, RunSpecInput } from '../../shared/domain/run-spec.ts';
import { describedAlgorithm } from './described-algorithm.ts';

/** The settings of another trainer’s run, as far as a run spec has words for them: to be read, not to be run. */
export function describedSpec(
  found: TrainerFolder,
  { name, model, dataset, suites }: { name: string; model: string; dataset: string | null; suites: readonly string[] },
): RunSpec {
  const { args } = found;
  const tuning: RunSpecInput['tuning'] = { kind: found.checkpoints.at(-1)?.kind === 'adapter' ? 'lora' : 'full' };
  const described: RunSpecInput = {
    name,
    model,
    dataset: { train: dataset ?? elsewhere },
    algorithm: describedAlgorithm(found),
    tuning,
    ...lengthOf(found),
    evaluate: { suites: [...suites] },
    ...(args === null ? {} : settingsOf(args)),
  };
  const parsed = runSpecSchema.safeParse(described);
  if (parsed.success) return parsed.data;
  // A setting that no spec may have (a learning rate of 0): the run is described without its settings.
  return runSpecSchema.parse({ ...described, optimizer: {}, batch: {}, seed: 0 });
}

function lengthOf({ maxSteps, step }: TrainerFolder): Pick<RunSpecInput, 'steps'> {
  return { steps: Math.max(1, maxSteps ?? step) };
}

function settingsOf(args: TrainingArgs): Pick<RunSpecInput, 'optimizer' | 'batch' | 'seed'> {
  const schedule = args.text('lr_scheduler_type');
  const maxLength = args.number('max_length');
  const clip = args.number('max_grad_norm') ?? 0;
  return {
    seed: Math.max(0, args.number('seed') ?? 0),
    optimizer: given({
      learningRate: args.number('learning_rate'),
      weightDecay: args.number('weight_decay'),
      beta1: args.number('adam_beta1'),
      beta2: args.number('adam_beta2'),
      epsilon: args.number('adam_epsilon'),
      warmupSteps: args.number('warmup_steps'),
      maxGradNorm: clip > 0 ? clip : null,
      schedule: schedule === 'linear' || schedule === 'cosine' || schedule === 'constant' ? schedule : null,
    }),
    batch: given({
      size: args.number('per_device_train_batch_size'),
      accumulation: args.number('gradient_accumulation_steps'),
      maxLength: maxLength !== null && maxLength > 0 ? maxLength : null,
    }),
  };
}

/** What the trainer says; the rest keeps the spec’s defaults. */
function given<T extends Record<string, unknown>>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  const known = Object.entries(fields).filter(([, value]) => value !== null);
  return Object.fromEntries(known) as { [K in keyof T]?: NonNullable<T[K]> };
}
