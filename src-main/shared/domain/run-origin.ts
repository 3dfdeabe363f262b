/** Who trained a run that happened outside this workspace. */
export const trainerTools = ['trl', 'transformers', 'axolotl', 'llama-factory', 'checkpoints', 'flipguard'] as const;
export type TrainerTool = (typeof trainerTools)[number];

/** Of a run that another program trained, or that this one trained on another machine. */
export interface RunOrigin {
  tool: TrainerTool;
  /** Of transformers, where the folder says it. */
  version: string | null;
  /** The trainer’s output folder; its weights stay there. */
  folder: string;
  /** The method as people name it. Its settings are in the run’s spec as far as a spec has them. */
  method: string;
  /** What the trainer calls the model that it began with. */
  base: string | null;
}

/** Whether a value that a workspace holds is an origin. */
export function isRunOrigin(value: unknown): value is RunOrigin {
  if (typeof value !== 'object' || value === null) return false;
  const origin = value as Readonly<Record<string, unknown>>;
  return (
    (trainerTools as readonly unknown[]).includes(origin.tool) &&
    [origin.folder, origin.method].every((text) => typeof text === 'string') &&
    [origin.version, origin.base].every((text) => text === null || typeof text === 'string')
  );
}

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
