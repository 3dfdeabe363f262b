import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { loadModel } from '../../src-main/engine/checkpoint/load-model.ts';
import type { CompletionSequence } from '../../src-main/engine/losses/layout.ts';
import type { CausalLm } from '../../src-main/engine/models/causal-lm.ts';
import { openFolder } from '../../src-main/trainer/node-folders.ts';

/** What test/golden/models/families.py records of a model: logits at `positions` of each row. */
export interface RecordedLogits {
  ids: number[][];
  lengths: number[];
  positions: number[][];
  logits: number[][][];
  greedy?: { prompt: number[]; continued: number[] };
}

/** Families whose layers differ in what they see: all their logits are recorded at three lengths. */
const layeredFamilies: readonly string[] = [
  'qwen2-windowed',
  'gemma3',
  'olmo2',
  'olmo3',
  'smollm3',
  'granite',
  'phi3',
  'phi4-mini',
];

export const goldenFamilies: readonly string[] = [
  'llama',
  'llama-biased',
  'mistral',
  'qwen2',
  'qwen3',
  'gpt2',
  'gpt-neox',
  'gpt-neox-sequential',
  ...layeredFamilies,
];

/** Families that differ from these in a few parts: their last logits at three lengths are recorded, gradients, and a greedy continuation. */
export const furtherFamilies: readonly string[] = [
  'gemma',
  'gpt-neo',
  'opt',
  'starcoder2',
  'stablelm',
  'stablelm-parallel',
  'gemma2',
];

export function modelAsset(...parts: string[]): string {
  return path.join(import.meta.dirname, '..', 'assets', 'models', ...parts);
}

export function readRecorded(...parts: string[]): RecordedLogits {
  return JSON.parse(readFileSync(modelAsset(...parts), 'utf8')) as RecordedLogits;
}

/** Rows of three lengths, each by itself, and what transformers' greedy decoding continues with. */
export function readAlone(family: string): RecordedLogits & { greedy: NonNullable<RecordedLogits['greedy']> } {
  const recorded = readRecorded(family, layeredFamilies.includes(family) ? 'golden.json' : 'alone.json');
  if (recorded.greedy === undefined) throw new Error(`${family} has no greedy continuation`);
  return { ...recorded, greedy: recorded.greedy };
}

export function loadGoldenModel(family: string): Promise<CausalLm> {
  return loadModel(openFolder(modelAsset(family)));
}

/** The model's logits at the recorded positions. */
export function logitsAt(model: CausalLm, { ids, lengths, positions }: RecordedLogits): number[][][] {
  const time = ids[0]!.length;
  const all = tf.tidy(() => {
    const hidden = model.hiddenStates(tf.tensor2d(ids, [ids.length, time], 'int32'), lengths);
    const flat = model.logits(tf.reshape(hidden, [ids.length * time, model.config.dim]));
    return tf.reshape(flat, [ids.length, time, model.config.vocabSize]).arraySync() as number[][][];
  });
  return positions.map((row, r) => row.map((position) => all[r]![position]!));
}

/** The recorded rows without their padding. */
export function recordedSequences({ ids, lengths }: Pick<RecordedLogits, 'ids' | 'lengths'>): CompletionSequence[] {
  return ids.map((row, i) => ({ ids: Int32Array.from(row.slice(0, lengths[i])), from: 0 }));
}

/** Largest absolute difference of two arrays of the same nesting. */
export function largestDifference(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return Math.abs(a - b);
  if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) throw new Error('the arrays differ in shape');
  return a.reduce<number>((worst, item, i) => Math.max(worst, largestDifference(item, b[i])), 0);
}

/** Folder next to the checkout with real models and recorded numbers; null where it is not. */
export function sharedFolder(...parts: string[]): string {
  return path.join(import.meta.dirname, '..', '..', '..', 'shared', ...parts);
}
