import { answerChanges } from './answer-changes.ts';
import type { AnswerChanges } from './answer-changes.ts';
import { flipClusters } from './flip-clusters.ts';
import type { FlipCluster } from './flip-clusters.ts';
import type { FlipText } from './flip-text.ts';

/** A set of flips put into words. */
export interface FlipSet {
  /** Samples of the set with a text on both sides, and how many of them were read: evenly spread ones of a large set. */
  readonly samples: number;
  readonly read: number;
  readonly answers: AnswerChanges;
  readonly clusters: readonly FlipCluster[];
}

export function flipSet(flips: readonly FlipText[], samples: number): FlipSet {
  return { samples, read: flips.length, answers: answerChanges(flips), clusters: flipClusters(flips) };
}
