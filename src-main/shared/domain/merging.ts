import { z } from 'zod';
import type { Id } from './ids.ts';

/**
 * Models made of others without training: what a person writes (a merge file), and the recipe that a merged model keeps.
 */
export const mergeMethods = ['linear', 'slerp', 'task-arithmetic'] as const;
export type MergeMethod = (typeof mergeMethods)[number];

/** What a weight is part of. `embeddings`: of tokens and positions, and the head. */
export const moduleKinds = ['attention', 'mlp', 'norms', 'embeddings'] as const;
export type ModuleKind = (typeof moduleKinds)[number];

/** Where a weight sits: its block from 0, null outside the blocks (embeddings, the last norm, the head). */
export interface WeightPlace {
  module: ModuleKind;
  layer: number | null;
}

const name = z.string().min(1).max(200);
const finite = z.number().min(-10).max(10);
const layer = z.number().int().min(0);

export const mergePartSchema = z
  .strictObject({
    modules: z.array(z.enum(moduleKinds)).min(1).optional().describe('Kinds of module; all by default.'),
    layers: z
      .tuple([layer, layer])
      .refine(([from, to]) => from <= to, { message: 'the first layer comes first' })
      .optional()
      .describe('First and last block, from 0; by default all weights, also those outside the blocks.'),
    fraction: finite.describe('How far these weights go from the base (0) to the merged target (1).'),
  })
  .refine(({ modules, layers }) => modules !== undefined || layers !== undefined, {
    message: 'name modules, layers or both',
  });
export type MergePart = z.output<typeof mergePartSchema>;

export const mergeSearchSchema = z.strictObject({
  suite: name.describe('Guard suite whose verdicts choose; half of it is used, the other half is left to report on.'),
  reward: name
    .optional()
    .describe(
      'Suite of scores: of the fractions whose mean on half of it is no less than the start’s, those with the fewest negative flips win. Without it, those with the most right answers.',
    ),
  over: z.enum(['modules', 'layers']).default('modules').describe('What gets a fraction of its own.'),
  groups: z.number().int().min(2).max(16).default(4).describe('Of layers: how many groups of neighbours.'),
  fractions: z.array(finite).min(2).max(9).default([0, 0.25, 0.5, 0.75, 1]).describe('What is tried for each.'),
  rounds: z.number().int().min(1).max(5).default(2).describe('How often all groups are gone through, at most.'),
});
export type MergeSearch = z.output<typeof mergeSearchSchema>;

export const mergeFileSchema = z.strictObject({
  name: name.describe('Of the new model; along a path, its fraction is added.'),
  method: z
    .enum(mergeMethods)
    .default('linear')
    .describe(
      'How the models make one target: linear, their mean by weight; slerp, their differences from the base turned into one another on the sphere; task-arithmetic, base + Σ weight · (model − base).',
    ),
  base: name.describe('Where the fraction is 0: a model, a run or a checkpoint (RUN@STEP).'),
  models: z
    .array(
      z.union([
        name,
        z.strictObject({
          model: name.describe('A model, a run or a checkpoint (RUN@STEP).'),
          weight: finite.default(1).describe('Share of this model; λ of task-arithmetic, where it may be negative.'),
        }),
      ]),
    )
    .min(1)
    .max(16)
    .describe('What is merged: names, or {model, weight}. slerp takes two or more.'),
  fraction: z
    .union([finite, z.array(finite).min(1).max(32)])
    .default(1)
    .describe('How far to go from the base (0) to the target (1); a list makes one model for each.'),
  parts: z
    .array(mergePartSchema)
    .max(64)
    .default([])
    .describe('Weights that go another fraction; where several hold, the last one does.'),
  search: mergeSearchSchema
    .optional()
    .describe('Looks for the fraction of each part, one at a time, from `fraction` on.'),
});
export type MergeFile = z.output<typeof mergeFileSchema>;

/** A source of a merged model as it was then: it may have been deleted since. */
export interface MergeSource {
  kind: 'model' | 'checkpoint';
  id: Id<'model'> | Id<'checkpoint'>;
  /** Of a checkpoint: its run. */
  runId?: Id<'run'>;
  label: string;
  sha256: string;
  weight: number;
}

/** One setting that a search tried, and what it found on the validation half. */
export interface MergeTrial {
  parts: MergePart[];
  right: number;
  negative: number;
  positive: number;
  n: number;
  reward: number | null;
}

export interface MergeHalf {
  suiteId: Id<'suite'>;
  name: string;
  sha256: string;
  items: number;
}

/** What a merged model keeps of how it was made. */
export interface MergeRecipe {
  method: MergeMethod;
  base: MergeSource;
  models: MergeSource[];
  fraction: number;
  parts: MergePart[];
  search?: {
    suite: string;
    validation: MergeHalf;
    /** Never looked at by the search: what is to be reported. */
    test: MergeHalf;
    /** The suite of scores, where there was one. */
    reward: { suite: string; validation: MergeHalf; test: MergeHalf } | null;
    trials: MergeTrial[];
    /** Place in `trials` of the best. */
    best: number;
  };
}

/** How far a weight goes: by the last part that holds for it, else by the recipe's fraction. */
export function fractionAt(
  { fraction, parts }: { fraction: number; parts: readonly MergePart[] },
  { module, layer: at }: WeightPlace,
): number {
  const holds = ({ modules, layers }: MergePart) =>
    (modules === undefined || modules.includes(module)) &&
    (layers === undefined || (at !== null && at >= layers[0] && at <= layers[1]));
  return parts.findLast(holds)?.fraction ?? fraction;
}

/** How many settings a search tries at most. */
export function mostTrials({ fractions, rounds }: MergeSearch, parts: number): number {
  return 1 + parts * (fractions.length - 1) * rounds;
}

/** The parts that a search gives a fraction of their own, each without one yet. */
export function searchedParts(
  { over, groups }: Pick<MergeSearch, 'over' | 'groups'>,
  layers: number,
): Omit<MergePart, 'fraction'>[] {
  if (over === 'modules') return moduleKinds.map((module) => ({ modules: [module] }));
  const count = Math.min(groups, layers);
  return Array.from({ length: count }, (_, i) => ({
    layers: [Math.floor((i * layers) / count), Math.floor(((i + 1) * layers) / count) - 1],
  }));
}
