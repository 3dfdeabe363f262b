import type { DatasetKind } from '../datasets.ts';
import type { Finding } from './findings.ts';
import type { RowScoreName, RowScores } from './row-scores.ts';
import { rowScoreNames } from './row-scores.ts';
import type { RowMargins } from './row-scores.ts';

/** What narrows a list of rows. Values of one part are or-ed, parts are and-ed; ranges are inclusive, null = open end. */
export interface RowFilter {
  /** Found by the newest check; `without` leaves rows out that were found for one of these. */
  findings?: Finding[];
  without?: Finding[];
  tags?: string[];
  /** By name, as the check counts them. */
  scripts?: string[];
  /** All of these words, each at its beginning, in any side; case and accents do not count. */
  search?: string;
  marked?: boolean;
  /** Lengths in the check's unit. */
  prompt?: [number | null, number | null];
  /** Of the chosen response, or the only one. */
  response?: [number | null, number | null];
  rejected?: [number | null, number | null];
  /** Chosen − rejected. */
  difference?: [number | null, number | null];
  /** Rows by id: what a choice outside the dataset came to, such as the rows near some flips. */
  ids?: string[];
  /** Scores of suspects; rows without one never pass. */
  scores?: { [Name in RowScoreName]?: [number | null, number | null] };
}

export const rowSortColumns = ['row', 'prompt', 'response', 'rejected', 'difference', ...rowScoreNames] as const;
export interface RowSort {
  column: (typeof rowSortColumns)[number];
  direction: 'ascending' | 'descending';
}

/** A row of the list; texts are cut to `previewCharacters`. */
export interface ListedRow {
  /** From 1. */
  number: number;
  id: string;
  prompt: string;
  /** Chosen before rejected. */
  answers: string[];
  tags: string[];
  marked: boolean;
  findings: Finding[];
  /** The earlier row that it repeats, from 1. */
  like: number | null;
  /** In the check's unit; null before a check. */
  lengths: { prompt: number; answers: number[] } | null;
  /** Those that are known. */
  scores: RowScores;
}

export interface RowViewHandle {
  viewId: string;
  total: number;
  kind: DatasetKind;
  /** Rows that the words' index does not hold yet; they are read when a search comes. */
  unindexed: number;
  /** Scores that the dataset has. */
  scores: RowScoreName[];
  /** What a reference model makes of the pairs, where that was measured. */
  margins: RowMargins | null;
}

/** How a version of a dataset is made of its parent. */
export type VersionStep =
  | { do: 'leave-out'; where: RowFilter }
  | { do: 'keep-only'; where: RowFilter }
  /** So many rows, by a hash of seed and id. */
  | { do: 'sample'; rows: number; seed: number }
  /** Whole prompts go to one side or the other, so that none is on both; `first` has the share. */
  | { do: 'split'; share: number; seed: number; part: 'first' | 'rest' };

export interface VersionRecipe {
  step: VersionStep;
  /** The parent as it was; its record may be gone. */
  parent: { id: string; name: string; sha256: string; rows: number };
  /** With what the parent was checked, where the step asks for findings or lengths: names, so that it can be done again. */
  check: { model: string | null; maxLength: number | null; against: string[] } | null;
  /** What a person should know of a choice made elsewhere. */
  note?: string;
}

/** Whether a filter needs a check to have been made. */
export function needsCheck({ findings, without, scripts, prompt, response, rejected, difference }: RowFilter): boolean {
  const asked = [...(findings ?? []), ...(without ?? []), ...(scripts ?? [])];
  return asked.length > 0 || [prompt, response, rejected, difference].some((range) => range !== undefined);
}

export function whereOf(step: VersionStep): RowFilter | null {
  return step.do === 'leave-out' || step.do === 'keep-only' ? step.where : null;
}
