import { z } from 'zod';

/** Who trained a run that happened outside this workspace. */
export const trainerTools = ['trl', 'transformers', 'axolotl', 'llama-factory', 'checkpoints', 'flipguard'] as const;
export type TrainerTool = (typeof trainerTools)[number];

export const runOriginSchema = z.strictObject({
  tool: z.enum(trainerTools),
  /** Of transformers, where the folder says it. */
  version: z.string().nullable(),
  /** The trainer’s output folder; its weights stay there. */
  folder: z.string(),
  /** The method as people name it. Its settings are in the run’s spec as far as a spec has them. */
  method: z.string(),
  /** What the trainer calls the model that it began with. */
  base: z.string().nullable(),
});
/** Of a run that another program trained, or that this one trained on another machine. */
export type RunOrigin = z.output<typeof runOriginSchema>;

/** Stands for a model or a dataset that the workspace does not have. */
export const elsewhere = 'elsewhere';

const names: Readonly<Record<TrainerTool, string>> = {
  trl: 'TRL',
  transformers: 'transformers',
  axolotl: 'axolotl',
  'llama-factory': 'LLaMA-Factory',
  checkpoints: 'another trainer',
  flipguard: 'FlipGuard on another machine',
};

/** “TRL (transformers 5.18.0)”. */
export function trainerName({ tool, version }: Pick<RunOrigin, 'tool' | 'version'>): string {
  return version === null || tool === 'flipguard' ? names[tool] : `${names[tool]} (transformers ${version})`;
}
