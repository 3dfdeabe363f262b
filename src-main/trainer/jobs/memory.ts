import type { CausalLm } from '../../engine/models/causal-lm.ts';
import { shapeOf } from '../../engine/models/shape.ts';
import type { HalfPrecision } from '../../engine/ports.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { keptBytes, mostKeptShare } from '../../shared/domain/memory-estimate.ts';
import type { RunSpec } from '../../shared/domain/run-spec.ts';
import type { JobContext } from '../job-context.ts';

/** The mixed precision that a run computes in; null for float32. */
export function halfFor(
  { precision }: RunSpec,
  { ops, backend }: Pick<JobContext, 'ops' | 'backend'>,
): HalfPrecision | null {
  if (precision === 'float32') return null;
  if (precision === 'auto') return ops.half?.isUsual === true ? ops.half : null;
  if (ops.half !== undefined) return ops.half;
  throw new WorkbenchError('unsupported', `${backend.name} has no bfloat16.`, {
    remedy:
      'Set precision to auto, which takes float32 there, or set up TensorFlow’s native library (flipguard doctor --fix).',
    place: { field: 'precision' },
  });
}

/** Whether blocks are computed again on the way back, for micro-batches of sequences of at most so many tokens. */
export function checkpointingFor(
  spec: RunSpec,
  policy: Pick<CausalLm, 'config'>,
  longest: number,
  { freeBytes, ops }: Pick<JobContext, 'freeBytes' | 'ops'>,
): boolean {
  const { checkpointing } = spec.memory;
  if (checkpointing !== 'auto') return checkpointing;
  const conditions = { longest, checkpointing: false, fused: ops.fused !== undefined };
  return keptBytes(spec, shapeOf(policy.config), conditions) > mostKeptShare * freeBytes;
}
