import os from 'node:os';
import { loadModelConfig } from '../../engine/checkpoint/model-files.ts';
import type { ModelConfig } from '../../engine/models/causal-lm.ts';
import { readModelConfig } from '../../engine/models/families.ts';
import { shapeOf } from '../../engine/models/shape.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { isKnownShape, type KnownShape, knownShapes } from '../../shared/domain/known-shapes.ts';
import {
  estimateMemory,
  keptBytes,
  type MemoryEstimate,
  memoryPartNames,
  type MemoryPartName,
  mostKeptShare,
  trainerProcess,
  type ModelShape,
} from '../../shared/domain/memory-estimate.ts';
import { tuningSpec, type RunSpec } from '../../shared/domain/run-spec.ts';
import { comparesDistributions } from '../../shared/domain/spec-defaults.ts';
import { openFolder } from '../../trainer/node-folders.ts';
import type { Core } from '../core.ts';
import { findWeights, weightsFolder } from '../models/weights.ts';
import type { Task } from '../supervision/task.ts';
import { findByName } from '../workspace/names.ts';
import { heldOutName } from './held-out.ts';
import { parseSpec, specError, type SpecInput } from './spec-text.ts';

/** What one way of training would take. */
export interface MemoryWay {
  /** What differs from the spec, in words; “as it stands” for the spec itself. */
  change: string;
  estimate: MemoryEstimate;
  fits: boolean;
}

export interface MemoryPlan {
  model: string;
  parameters: number;
  /** Memory that the ways are held against, in bytes. */
  roomBytes: number;
  longest: number;
  half: boolean;
  checkpointing: boolean;
  asItStands: MemoryWay;
  /** Changes, the mildest first, each alone and then together; those that change nothing are left out. */
  ways: MemoryWay[];
  /** What the figures leave out, in sentences. */
  notes: string[];
}

export interface PlanChoice {
  /** Memory to fit into, in bytes; by default all that this machine has. */
  roomBytes?: number | undefined;
}

/** Rows decoded together at most, and tokens that a prompt has where nobody has looked. */
const [mostRows, promptTokens] = [64, 256];

/** A spec's run in a workspace: its model's configuration is read, its weights are not. */
export async function planSpec(core: Core, input: SpecInput, choice: PlanChoice, task: Task): Promise<MemoryPlan> {
  const parsed = parseSpec(input);
  if (!parsed.ok) throw specError(parsed.issues);
  const { spec } = parsed;
  const weights = await findWeights(core, spec.model);
  const config = await loadModelConfig(openFolder(await weightsFolder(core, weights, task)));
  const decoding = await decodingOf(core, spec);
  return planOf(weights.label, config, spec, decoding, choice);
}

/**
 * A spec for a named shape (0.5B, 8B): DPO with what holds by default.
 * @throws WorkbenchError where there is no such shape
 */
export function specOfShape(name: string): Record<string, unknown> {
  if (!isKnownShape(name)) {
    throw new WorkbenchError('not-found', `There is no spec and no shape “${name}”.`, {
      remedy: `Give the file of a spec, or one of ${Object.keys(knownShapes).join(', ')}.`,
    });
  }
  const { model } = knownShapes[name];
  return { name, model, dataset: { train: 'data' }, algorithm: { kind: 'dpo' }, steps: 1 };
}

/** The same without a workspace, for a named shape. */
export function planShape(name: KnownShape, input: SpecInput, choice: PlanChoice): MemoryPlan {
  const parsed = parseSpec(input);
  if (!parsed.ok) throw specError(parsed.issues);
  const { model, config } = knownShapes[name];
  return planOf(model, readModelConfig(config, model), parsed.spec, null, choice);
}

function planOf(
  model: string,
  config: ModelConfig,
  spec: RunSpec,
  decoding: { rows: number; tokens: number } | null,
  choice: PlanChoice,
): MemoryPlan {
  const shape = shapeOf(config);
  const { roomBytes = os.totalmem() } = choice;
  // Memory that is named may be a GPU’s, where norms and attention are many operations and keep more.
  const room = { roomBytes, fused: choice.roomBytes === undefined };
  const way = (change: string, changed: RunSpec): MemoryWay => {
    const estimate = estimateMemory(changed, shape, conditionsOf(changed, shape, decoding, room));
    return { change, estimate, fits: estimate.peakBytes <= roomBytes };
  };
  const asItStands = way('as it stands', spec);
  const ways = changesOf(spec).map(([change, changed]) => way(change, changed));
  const { half, checkpointing, longest } = conditionsOf(spec, shape, decoding, room);
  return {
    model,
    parameters: shape.parameters,
    ...{ roomBytes, longest, half, checkpointing, asItStands },
    ways: ways.filter(({ estimate }) => estimate.peakBytes < asItStands.estimate.peakBytes),
    notes: notesOf(spec, decoding, { checkpointing, fused: room.fused }),
  };
}

function conditionsOf(
  spec: RunSpec,
  shape: ModelShape,
  decoding: { rows: number; tokens: number } | null,
  { roomBytes, fused }: { roomBytes: number; fused: boolean },
) {
  const longest = spec.batch.maxLength;
  const kept = keptBytes(spec, shape, { longest, checkpointing: false, fused });
  const { checkpointing } = spec.memory;
  return {
    half: spec.precision === 'bf16',
    checkpointing: checkpointing === 'auto' ? kept > mostKeptShare * roomBytes : checkpointing,
    fused,
    longest,
    decoding,
    processBytes: trainerProcess,
  };
}

/** What would take less, one change at a time, then all of them. */
function changesOf(spec: RunSpec): [string, RunSpec][] {
  const lora = tuningSpec.parse({ kind: 'lora' });
  const shorter = Math.max(1, Math.floor(spec.batch.maxLength / 2));
  const changes: [string, (from: RunSpec) => RunSpec, boolean][] = [
    [
      'memory.checkpointing: true',
      (from) => ({ ...from, memory: { checkpointing: true } }),
      spec.memory.checkpointing !== true,
    ],
    [
      `batch.size: 1, accumulation ${spec.batch.size * spec.batch.accumulation}`,
      (from) => ({
        ...from,
        batch: { ...from.batch, size: 1, accumulation: spec.batch.size * spec.batch.accumulation },
      }),
      spec.batch.size > 1,
    ],
    [
      `batch.maxLength: ${shorter}`,
      (from) => ({ ...from, batch: { ...from.batch, maxLength: shorter } }),
      spec.batch.maxLength > 1,
    ],
    ['tuning.kind: lora', (from) => ({ ...from, tuning: lora }), spec.tuning.kind === 'full'],
    ['precision: bf16', (from) => ({ ...from, precision: 'bf16' }), spec.precision !== 'bf16'],
  ];
  const open = changes.filter(([, , applies]) => applies);
  const single = open.map(([name, change]): [string, RunSpec] => [name, change(spec)]);
  const together = open.reduce((from, [, change]) => change(from), spec);
  return open.length < 2 ? single : [...single, ['all of these', together]];
}

async function decodingOf(core: Core, spec: RunSpec): Promise<{ rows: number; tokens: number } | null> {
  const suites = await core.store.listSuites();
  let tokens = 0;
  for (const name of spec.evaluate.suites) {
    if (name === heldOutName) continue;
    const { kind, decoding } = findByName('suite', suites, name);
    if (kind === 'generate') tokens = Math.max(tokens, promptTokens + (decoding?.maxNewTokens ?? 0));
  }
  return tokens === 0 ? null : { rows: mostRows, tokens };
}

function notesOf(
  spec: RunSpec,
  decoding: object | null,
  { checkpointing, fused }: { checkpointing: boolean; fused: boolean },
): string[] {
  const online = ['ppo', 'rloo', 'grpo', 'online-dpo'].includes(spec.algorithm.kind);
  return [
    `Sequences are taken to be as long as batch.maxLength allows, ${spec.batch.maxLength} tokens.`,
    fused
      ? 'Counted for this machine’s processor. A GPU keeps more for the way back: name its memory (--memory) to count for one.'
      : 'Counted for a GPU, which keeps more for the way back than a processor does.',
    ...(spec.precision === 'auto' ? ['precision: auto is counted as float32; on a GPU it takes what bf16 says.'] : []),
    ...(checkpointing && spec.memory.checkpointing === 'auto'
      ? ['Blocks are computed twice (memory.checkpointing: auto), since what they keep would not fit next to the rest.']
      : []),
    ...(decoding === null
      ? []
      : ['An evaluation that decodes holds a copy of the weights laid out for single tokens while it does.']),
    ...(online ? ['Rollouts, and the model that scores them, come on top.'] : []),
    ...(spec.evaluate.kl === true && spec.tuning.kind === 'full'
      ? ['evaluate.kl needs the old model next to the new one: its weights come on top.']
      : []),
    ...(spec.guard.kind !== 'none' && comparesDistributions(spec.guard.divergence) && spec.tuning.kind === 'full'
      ? ['The guard’s forward KL needs the old model next to the new one: its weights come on top.']
      : []),
  ];
}

/** Bytes by part at the highest moment, the largest part first. */
export function partsAtPeak({ phases, peakPhase }: MemoryEstimate): [MemoryPartName, number][] {
  const parts = phases[peakPhase];
  return memoryPartNames
    .map((name): [MemoryPartName, number] => [name, parts[name] ?? 0])
    .filter(([, bytes]) => bytes > 0)
    .sort(([, a], [, b]) => b - a);
}
