import { z } from 'zod';
import { mergeSearchSchema } from './merging.ts';

/**
 * A study: methods × seeds × models, trained and measured to one report. Settings are chosen on the validation split; they are frozen
 * before anything is measured on the test split.
 */
const seed = z.number().int().min(0);
const seeds = z
  .array(seed)
  .min(1)
  .refine((all) => new Set(all).size === all.length, { message: 'list each seed once' });
const name = z.string().min(1).max(80);
const settings = z
  .record(z.string().min(1), z.unknown())
  .describe('What is different from `spec`, by dotted path: `optimizer.learningRate: 1.0e-4`.');

const merge = z
  .strictObject({
    of: name.describe('The method whose runs are merged with the model they started from.'),
    from: z
      .number()
      .gt(0)
      .max(1)
      .default(0.5)
      .describe('Where the search begins: the fraction of all weights, and of those that no part holds.'),
    search: mergeSearchSchema.describe('As in a merge file; its suites are none of the test split’s.'),
  })
  .describe(
    'No training of its own: for each run of another method, a search says how far each part of it goes. Its path keeps these proportions; at its end the part that goes farthest goes all the way.',
  );
export type StudyMerge = z.output<typeof merge>;

const split = {
  flips: z
    .array(z.string().min(1))
    .min(1)
    .describe('Suites whose flips are counted (words, cloze, choice, or generate with verdicts).'),
  sampledReward: z
    .string()
    .min(1)
    .describe(
      'Suite of the kind generate with a scorer that gives scores and a temperature above 0; KL is measured on its prompts.',
    ),
  greedyReward: z
    .string()
    .min(1)
    .optional()
    .describe('The same with temperature 0; answers whose reward falls are counted, too.'),
};

export const studyFileSchema = z.strictObject({
  name: name.describe('Of the study: the same name continues with the same study.'),
  models: z
    .array(
      z.strictObject({
        model: z.string().min(1).describe('A model of the workspace, by name or id.'),
        learningRateTimes: z
          .number()
          .positive()
          .default(1)
          .describe('What every method’s learning rate is multiplied by: larger models take smaller ones.'),
        set: settings.default({}),
      }),
    )
    .min(1)
    .refine((all) => new Set(all.map(({ model }) => model)).size === all.length, {
      message: 'list each model once',
    }),
  seeds: seeds.describe('Of the runs that are measured on the test split.'),
  spec: z
    .record(z.string(), z.unknown())
    .describe('What all runs share: a run spec without name, model, seed and evaluate.'),
  methods: z
    .array(
      z.strictObject({
        name,
        set: settings.default({}),
        candidates: z.array(settings).min(2).optional().describe('Settings of which validation chooses one.'),
        merge: merge.optional(),
        triedElsewhere: z
          .number()
          .int()
          .min(0)
          .default(0)
          .describe('Configurations of this method that were tried before this study: the report counts them.'),
      }),
    )
    .min(1)
    .refine((all) => new Set(all.map((method) => method.name)).size === all.length, {
      message: 'each method has a name of its own',
    }),
  reference: name.describe('The method that the others are held against, by name.'),
  lowerRate: z
    .union([
      z.strictObject({ times: z.number().positive().lt(1).describe('Of the reference’s learning rate.') }),
      z.strictObject({ method: name.describe('A method of the list that is this control.') }),
    ])
    .default({ times: 0.25 })
    .describe('The control that every study has: the reference with a lower learning rate.'),
  fractions: z
    .array(z.number().gt(0).lt(1))
    .default([0.25, 0.5, 0.75])
    .describe('Where each run’s path from the old weights to its own is measured; its end always is.'),
  validation: z
    .strictObject({ ...split, seeds: seeds.describe('Of the runs that settings are chosen by.') })
    .optional()
    .describe('Needed where a method has candidates.'),
  test: z.strictObject(split),
});

export type StudyFile = z.output<typeof studyFileSchema>;
export type StudySplit = StudyFile['test'];

/** What validation found of one candidate. */
export interface CandidateResult {
  method: string;
  /** Place in the method's list, from 0. */
  candidate: number;
  /** Gain in sampled reward at the end of its paths, mean over seeds and models. */
  gain: number;
  /** Negative flips over those of the first candidate at equal sampled reward; null where nothing could be compared. */
  ratio: number | null;
  chosen: boolean;
}

/** Everything that decides what the test split will show, put down before it is opened. */
export interface FrozenStudy {
  /** ISO 8601. */
  at: string;
  /** SHA-256 of `settings` as JSON with sorted keys. */
  hash: string;
  settings: FrozenSettings;
  candidates: CandidateResult[];
  /** Evaluations of the test suites that the workspace had by then, other than of the models untrained. */
  seenBefore: number;
}

export interface FrozenSettings {
  models: { model: string; sha256: string }[];
  seeds: number[];
  fractions: number[];
  reference: string;
  methods: FrozenMethod[];
  test: { flips: FrozenSuite[]; sampledReward: FrozenSuite; greedyReward: FrozenSuite | null };
  /** Datasets that the specs name, with what they hold. */
  datasets: { name: string; sha256: string }[];
}
export interface FrozenSuite {
  name: string;
  sha256: string;
}
export interface FrozenMethod {
  name: string;
  isLowerRate: boolean;
  /** Candidates of the study and those tried before it. */
  tried: number;
  /** By model: the whole run spec without name and seed. */
  specs: Record<string, unknown>[];
  /** Of a method that merges another one's runs, which those specs are of. */
  merge?: StudyMerge;
}

export interface StudyRecord {
  id: string;
  name: string;
  frozen: FrozenStudy | null;
  createdAt: number;
}

/** What a measured point of a study is of. `fraction` 0 is the model untrained, without method and seed. */
export interface StudyPlace {
  phase: 'validation' | 'test';
  model: string;
  method: string;
  candidate: number;
  seed: number;
  fraction: number;
}
