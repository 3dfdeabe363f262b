import type { Rate } from '../statistics/comparison-summary.ts';

/**
 * What makes a training row suspect of a loss. Every score is larger the more suspect its row is, so that lists, filters and
 * `dataset.leaveOut` read them alike.
 */
export const rowScoreNames = ['ches', 'displacement', 'fired', 'near-flips', 'mislabelled', 'gradient'] as const;
export type RowScoreName = (typeof rowScoreNames)[number];

export const rowScores: Readonly<Record<RowScoreName, { label: string; meaning: string }>> = {
  ches: {
    label: 'CHES',
    meaning:
      'centred hidden embedding similarity of chosen and rejected under the model before training, per token (Razin et al. 2024): how likely learning the pair is to push its chosen response down',
  },
  displacement: {
    label: 'Displacement',
    meaning: 'nats by which the log-prob of the chosen response fell from its first to its last use in training',
  },
  fired: { label: 'Guard fired', meaning: 'steps at which the guard’s condition held on the row' },
  'near-flips': {
    label: 'Near flips',
    meaning: 'share of words that its prompt has in common with that of the nearest negative flip (Jaccard)',
  },
  mislabelled: {
    label: 'Rejected preferred',
    meaning:
      'nats by which a reference model prefers the rejected response to the chosen one: above 0 the pair is wrong under it (mislabelled, or what training has to teach), below 0 it is right already',
  },
  gradient: {
    label: 'Gradient (estimate)',
    meaning:
      'estimate, to first order and at one checkpoint, of how far a step of gradient descent on the row lowers the log-prob of the negative flip it lowers most (TracIn, Pruthi et al. 2020)',
  },
};

/** What a reference model makes of the pairs of a dataset. */
export interface RowMargins {
  model: string;
  sha256: string;
  maxLength: number;
  /** Pairs with a margin; the length limit may leave nothing of others. */
  pairs: number;
  /** Right already: the chosen response has the higher log-prob. */
  right: number;
  rightShare: Rate;
  wrong: number;
  /** Of the wrong ones those that are wrong per token too, so that it is not their lengths. */
  likelyMislabelled: number;
}

/** Of what a score was made: sentences and ids for whoever reads it later. */
export interface RowScoreAbout {
  sentence: string;
  runId?: string;
  comparisonIds?: string[];
  /** Of `mislabelled`. */
  margins?: RowMargins;
}

export interface StoredRowScore {
  name: RowScoreName;
  about: RowScoreAbout;
  /** Rows whose score is known. */
  known: number;
  madeAt: number;
}

export type RowScores = { [Name in RowScoreName]?: number };

/** A training row as a suspect, with its texts cut for a list. */
export interface Suspect {
  /** The dataset it is of; a run may have trained on a mixture. */
  datasetName: string;
  rowId: string;
  /** From 1. */
  number: number;
  scores: RowScores;
  prompt: string;
  /** Id and prompt of the nearest flip; null where none shares a word. */
  flip: { sampleId: string; prompt: string } | null;
}

export interface Suspects {
  /** The first of them; names of several are joined. */
  datasetId: string;
  datasetName: string;
  runId: string;
  by: RowScoreName;
  scores: StoredRowScore[];
  /** Negative flips that rows were held against. */
  flips: number;
  /** The most suspect first. */
  rows: Suspect[];
  /** Sentences on what is not known, and why. */
  notes: string[];
}
