import { responsesPerRow } from './algorithms.ts';
import type { RunSpec } from './run-spec.ts';

/** What memory depends on of a model's shape. */
export interface ModelShape {
  /** Numbers in all weights. */
  parameters: number;
  /** Numbers in the largest single weight, mostly the embedding. */
  largest: number;
  /** The embedding and whatever is no matrix stays float32 when the rest is stored in bfloat16. */
  matrices: number;
  vocabSize: number;
  dim: number;
  layers: number;
  heads: number;
  kvHeads: number;
  headDim: number;
  ffnDim: number;
  /** The gate of its feed-forward is SiLU's, which keeps less for the way back than others. */
  swiGlu: boolean;
  /** Its scores are capped, so that attention is several operations even where that of others is one. */
  cappedScores?: boolean;
  /** Every linear layer: its module name, its width in and out. */
  linears: readonly { name: string; inputs: number; outputs: number }[];
}

/** A run as far as memory depends on it. */
export type MemorySpec = Pick<RunSpec, 'algorithm' | 'tuning' | 'batch' | 'guard'>;

export interface MemoryConditions {
  /** Weights that do not train are stored in bfloat16. */
  half: boolean;
  /** Blocks keep their input alone and are computed again on the way back. */
  checkpointing: boolean;
  /** Norms, SwiGLU and attention are one operation each, as on a processor with TensorFlow's native library. */
  fused: boolean;
  /** Tokens of the longest sequence. */
  longest: number;
  /** Responses that an evaluation decodes together, and tokens of each with its prompt; null: it decodes none. */
  decoding: { rows: number; tokens: number } | null;
  /** What the program and the backend take before any model is there, and with what they have gathered at work. */
  processBytes: { idle: number; working: number };
}

export const memoryPartNames = [
  'process',
  'weights',
  'reading',
  'gradients',
  'optimiser',
  'activations',
  'logits',
  'decoding',
] as const;
export type MemoryPartName = (typeof memoryPartNames)[number];

export const memoryPhases = ['load', 'step', 'evaluate'] as const;
export type MemoryPhase = (typeof memoryPhases)[number];

export interface MemoryEstimate {
  /** Bytes by part while this phase is at its highest. */
  phases: Record<MemoryPhase, Partial<Record<MemoryPartName, number>>>;
  /** The highest of all phases, in bytes. */
  peakBytes: number;
  peakPhase: MemoryPhase;
}

const float = Float32Array.BYTES_PER_ELEMENT;

/**
 * Highest memory of a run by part, computed from the shape alone: nothing is loaded. What it leaves out is said where it is shown: a guard's
 * own copy of the reference (`kl` with full tuning), reward models and the rollouts of online algorithms.
 */
export function estimateMemory(spec: MemorySpec, shape: ModelShape, conditions: MemoryConditions): MemoryEstimate {
  const adapter = adapterNumbers(spec, shape);
  const trained = adapter ?? shape.parameters;
  const frozen = adapter === null ? 0 : shape.parameters;
  const narrow = conditions.half ? Math.min(frozen, shape.matrices) : 0;
  const weights = float * (frozen + trained) - 2 * narrow;
  const constant = { process: conditions.processBytes.working, weights };
  const { decoding } = conditions;
  const phases = {
    // One weight at a time is read and widened; the backend takes it over.
    load: { process: conditions.processBytes.idle, weights, reading: float * shape.largest },
    step: {
      ...constant,
      gradients: float * gradientNumbers(spec, trained),
      optimiser: 2 * float * trained,
      activations: keptBytes(spec, shape, conditions),
      logits: logitBytes(responsesPerRow(spec.algorithm) * spec.batch.size * conditions.longest, shape.vocabSize),
    },
    evaluate: {
      ...constant,
      optimiser: 2 * float * trained,
      ...(decoding === null ? {} : { decoding: decodingBytes(shape, decoding) }),
    },
  };
  const bytesOf = (phase: MemoryPhase) => sum(phases[phase]);
  const peakPhase = memoryPhases.reduce((most, phase) => (bytesOf(phase) > bytesOf(most) ? phase : most));
  return { phases, peakBytes: bytesOf(peakPhase), peakPhase };
}

/** A process of the trainer with TensorFlow on a processor, measured by `npm run test:size`. */
export const trainerProcess = { idle: 450e6, working: 650e6 };

/** Share of a device's free memory that what a step keeps may take before blocks are computed twice. */
export const mostKeptShare = 0.6;

/** Numbers of a LoRA adapter on the linears that are named; null where all weights train. */
function adapterNumbers({ tuning }: MemorySpec, { linears }: ModelShape): number | null {
  if (tuning.kind === 'full') return null;
  const all = tuning.targets.includes('all-linear');
  return linears
    .filter(({ name }) => all || tuning.targets.some((target) => name === target || name.endsWith(`.${target}`)))
    .reduce((total, { inputs, outputs }) => total + tuning.rank * (inputs + outputs), 0);
}

/**
 * Gradients that are there at once. A guard whose gradients are not added to training's has its own until the two meet, over the same
 * weights; meeting takes them parameter by parameter.
 */
function gradientNumbers({ guard }: MemorySpec, trained: number): number {
  const meets = guard.kind !== 'none' && (guard.combine ?? 'add') !== 'add';
  return meets ? 2 * trained : trained;
}

/** What a backward pass keeps of the longest micro-batch: per layer and token as counted on one, or a block's input alone. */
export function keptBytes(
  spec: Pick<RunSpec, 'algorithm' | 'batch'>,
  shape: Omit<ModelShape, 'linears'>,
  { longest, checkpointing, fused }: Pick<MemoryConditions, 'longest' | 'checkpointing' | 'fused'>,
): number {
  const { dim, layers } = shape;
  const tokens = responsesPerRow(spec.algorithm) * spec.batch.size * longest;
  const perLayer = fused && shape.cappedScores !== true ? keptByFused(shape) : keptApart(shape, longest);
  return float * tokens * (checkpointing ? layers * dim + perLayer : layers * perLayer);
}

/** What each norm takes and makes, queries, keys and values, what attention makes, and gate, input and output of the feed-forward. */
function keptByFused({ dim, heads, kvHeads, headDim, ffnDim, swiGlu }: Omit<ModelShape, 'linears'>): number {
  return 4 * dim + 2 * (heads + kvHeads) * headDim + (swiGlu ? 3 : 8) * ffnDim;
}

function keptApart(
  { dim, heads, kvHeads, headDim, ffnDim, swiGlu }: Omit<ModelShape, 'linears'>,
  longest: number,
): number {
  // Queries, keys and values once more, laid out in rows: a compiled step makes them again as soon as it can, and holds them until it is back.
  const laidOut = (heads + 2 * kvHeads) * headDim;
  return 8 * dim + (swiGlu ? 4 : 8) * ffnDim + laidOut + heads * longest;
}

/** Logits up to so many numbers are there at once with their gradient; more are made in pieces (`engine/losses/head.ts`). */
const mostLogits = 2 ** 26;
const pieceOfLogits = 2 ** 25;

function logitBytes(tokens: number, vocabSize: number): number {
  const numbers = tokens * vocabSize;
  return 2 * float * (numbers <= mostLogits ? numbers : pieceOfLogits);
}

/**
 * Single positions are decoded with a copy of the weights laid out for them, and a cache of keys and values: room for 128 positions, or up
 * to a quarter more than there are (`engine/decode/rooms.ts`).
 */
function decodingBytes(shape: ModelShape, { rows, tokens }: { rows: number; tokens: number }): number {
  const { layers, kvHeads, headDim, dim, vocabSize, linears } = shape;
  const copied = linears.reduce((total, { inputs, outputs }) => total + inputs * outputs, dim * vocabSize);
  return float * (copied + 2 * layers * kvHeads * headDim * rows * Math.max(128, 1.25 * tokens));
}

function sum(parts: Partial<Record<MemoryPartName, number>>): number {
  return Object.values(parts).reduce((total, bytes) => total + bytes, 0);
}
