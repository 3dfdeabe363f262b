import { WorkbenchError } from './errors.ts';

/**
 * By what the samples of two evaluations are taken for the same: their ids; prompt and target; the prompt alone; or a field that
 * the records of both sides have. `auto` takes what pairs most and says which.
 */
export type PairBy = 'auto' | 'id' | 'content' | 'prompt' | `field:${string}`;

/** What a pairing came out by. */
export type PairedBy = 'sample-id' | 'content-hash' | 'prompt' | 'field';

export const pairedByNames: Record<PairedBy, string> = {
  'sample-id': 'id',
  'content-hash': 'content (prompt and target)',
  prompt: 'prompt',
  field: 'a field of the records',
};

/** Reads `auto`, `id`, `content`, `prompt` or `field:NAME`. */
export function parsePairBy(text: string): PairBy {
  const word = text.trim();
  if (word === 'auto' || word === 'id' || word === 'content' || word === 'prompt') return word;
  if (/^field:./.test(word)) return word as PairBy;
  throw new WorkbenchError('bad-input', `“${text}” is not a way to pair samples.`, {
    remedy: 'Write auto, id, content, prompt or field:NAME (the name of a field that the records of both sides have).',
    place: { field: 'pair-by' },
  });
}

/** Another evaluation, and how much of it is likely to be the same samples. */
export interface Partner {
  evaluationId: string;
  samples: number;
  /** Samples that are likely to pair: an estimate. */
  shared: number;
  /** 0…1 of the smaller side. */
  share: number;
}

/** Fewer shared samples than this share of the smaller side: nobody means to compare the two. */
export const leastShare = 0.5;
