import type { DatasetKind } from '../datasets.ts';

/** Which method's reading of a row is shown: what its training would take. `prompts` is PPO's, which samples its own responses. */
export const rowReadings = ['dpo', 'reward', 'sft', 'sft-all', 'prompts'] as const;
export type RowReading = (typeof rowReadings)[number];

/** What is trained on rows of each kind, the usual reading first. KTO reads unpaired rows as SFT reads completions. */
export const readingsOfKind: Record<DatasetKind, readonly RowReading[]> = {
  preference: ['dpo', 'reward', 'sft', 'sft-all', 'prompts'],
  completion: ['sft', 'sft-all', 'prompts'],
  unpaired: ['sft', 'sft-all', 'prompts'],
  prompt: ['prompts'],
};

export function usualReading(kind: DatasetKind): RowReading {
  return readingsOfKind[kind][0] ?? 'prompts';
}

export interface ShownToken {
  id: number;
  /** As it reads within a text, blanks in front included; a special token by its name. */
  text: string;
  /** The loss is measured at this token. Of a reward model that is the last one of a response, where its score is read. */
  loss: boolean;
  /** One of the tokenizer's own marks, such as the end of a turn. */
  special: boolean;
  part: 'prompt' | 'response';
  /** Beyond the length limit: training does not see it. */
  cut: boolean;
}

export interface ShownSide {
  tokens: ShownToken[];
  /** Tokens before anything is cut. */
  length: number;
  /** Tokens that training takes. */
  kept: number;
}

export type ShownPart = 'prompt' | 'chosen' | 'rejected' | 'completion' | 'guardTarget';

/** A row under a model, and its place in the dataset, from 1. */
export interface PlacedRow {
  number: number;
  shown: ShownRow;
}

/** One row of a dataset as a model sees it in training. */
export interface ShownRow extends Partial<Record<ShownPart, ShownSide>> {
  id: string;
  kind: DatasetKind;
  reading: RowReading;
  maxLength: number;
  /** Why training leaves the row out; null when it takes part. */
  leftOut: string | null;
  /** The first token in which chosen and rejected differ; null where they do not, or there are no two. */
  differsAt: number | null;
}
