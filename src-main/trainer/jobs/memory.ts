import type { CausalLm } from '../../engine/models/causal-lm.ts';
import type { HalfPrecision } from '../../engine/ports.ts';
import { responsesPerRow } from '../../shared/domain/algorithms.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { RunSpec } from '../../shared/domain/run-spec.ts';
import type { JobContext } from '../job-context.ts';

/** The mixed precision that a run computes in; null for float32. */
export function halfFor(
  { precision }: RunSpec,
  { ops, backend }: Pick<JobContext, 'ops' | 'backend'>,
): HalfPrecision | null {
  if (precision === 'float32') return null;
  if (precision === 'auto') return ops.half?.multiplies === true ? ops.half : null;
  if (ops.half !== undefined) return ops.half;
  throw new WorkbenchError('unsupported', `${backend.name} has no bfloat16.`, {
    remedy:
      'Set precision to auto, which takes float32 there, or set up TensorFlow’s native library (flipguard doctor --fix).',
    place: { field: 'precision' },
  });
}

/** Share of the device's free memory that what a step keeps may take before blocks are computed twice. */
const mostKept = 0.6;

/** Whether blocks are computed again on the way back, for micro-batches of sequences of at most so many tokens. */
export function checkpointingFor(
  spec: RunSpec,
  policy: Pick<CausalLm, 'config'>,
  longest: number,
  { freeBytes }: Pick<JobContext, 'freeBytes'>,
): boolean {
  const { checkpointing } = spec.memory;
  if (checkpointing !== 'auto') return checkpointing;
  return keptBytes(spec, policy, longest, false) > mostKept * freeBytes;
}

/** What a backward pass keeps of the longest micro-batch: per layer and token as counted on one, or a block's input alone. */
export function keptBytes(
  spec: RunSpec,
  { config }: Pick<CausalLm, 'config'>,
  longest: number,
  checkpointing: boolean,
): number {
  const tokens = responsesPerRow(spec.algorithm) * spec.batch.size * longest;
  const { activation, kind } = config.architecture.feedForward;
  const feedForwardRows = kind === 'gated' && activation === 'silu' ? 3 : 8;
  const perLayer = 8 * config.dim + feedForwardRows * config.ffnDim + config.heads * longest;
  const blocks = checkpointing ? config.layers * config.dim + perLayer : config.layers * perLayer;
  return Float32Array.BYTES_PER_ELEMENT * tokens * blocks;
}
