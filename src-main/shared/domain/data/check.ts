import type { DatasetKind } from '../datasets.ts';
import type { Rate } from '../statistics/comparison-summary.ts';
import { wilson } from '../statistics/intervals.ts';
import { bitOf, findings } from './findings.ts';
import type { Finding } from './findings.ts';
import { histogramOf, lengthSummary } from './histograms.ts';
import type { Histogram, LengthSummary } from './histograms.ts';
import type { FoundOverlap, RowColumns, ScanResult } from './row-scan.ts';
import type { RowReading } from './shown-row.ts';
import { scriptNames } from './templates.ts';

/** Word-for-word similarity (Jaccard) from which two rows are near duplicates. */
export const nearThreshold = 0.8;
/** The same for a text of a row and one of an evaluation: questions that ask for something else differ in a word. */
export const overlapThreshold = 0.85;

/** What a check was made with; two checks with the same settings of the same data say the same. */
export interface CheckSettings {
  nearThreshold: number;
  overlapThreshold: number;
  /** Null: lengths are in characters, and nothing is known to be cut. */
  model: { name: string; sha256: string } | null;
  reading: RowReading;
  maxLength: number | null;
  /** Suites and evaluations that rows are looked up in. */
  against: { kind: 'suite' | 'evaluation'; id: string; name: string; digest: string }[];
}

/** Token lengths of each row; what training makes of it: 0 whole, 1 cut, 2 left out. */
export interface TokenLengths {
  prompt: Int32Array;
  first: Int32Array;
  second: Int32Array;
  fate: Uint8Array;
}

export interface DatasetCheck {
  settings: CheckSettings;
  kind: DatasetKind;
  rows: number;
  /** Rows that repeat an earlier one text for text. */
  duplicates: number;
  /** Rows, without those, that are similar to an earlier row that stays. */
  nearDuplicates: number;
  /** Of these: the same but for case, blanks, punctuation and forms of letters. */
  normalisedDuplicates: number;
  /** Prompts of which the preferences contradict each other, and the rows that do. */
  contradictions: number;
  contradictingRows: number;
  repeatedPrompts: number;
  emptySides: number;
  identicalSides: number;
  oddRoles: number;
  /** Conversations of the rarer sort: with a system prompt, or without one. */
  systemPrompts: number;
  mixedForms: number;
  templateMarks: number;
  /** Rows that are in an evaluation; null where none was named. */
  overlaps: number | null;
  overlapsBySource: { kind: 'suite' | 'evaluation'; name: string; rows: number; exact: number }[];
  /** Rows of which the length limit cuts a side, and of these the ones that training leaves out; null without a model. */
  truncated: number | null;
  leftOut: number | null;
  /** Pairs whose chosen response is longer, and their share among pairs of different lengths; null without pairs. */
  longerChosen: number | null;
  longerChosenShare: Rate | null;
  unit: 'tokens' | 'characters';
  lengths: { name: string; summary: LengthSummary; histogram: Histogram }[];
  tags: { name: string; rows: number }[];
  scripts: { name: string; rows: number }[];
}

/** A check that was made, without the numbers of each row. */
export interface StoredCheck {
  check: DatasetCheck;
  overlaps: FoundOverlap[];
  createdAt: number;
}

/** What is kept of a check besides its summary: a number per row. */
export interface CheckColumns extends RowColumns {
  /** Responses alone, in the check's unit. */
  difference: Int32Array;
}

export interface CheckResult {
  check: DatasetCheck;
  columns: CheckColumns;
  tagSets: string[];
  overlaps: FoundOverlap[];
}

const listedTags = 200;

/** Puts the scan of the texts and the lengths under a model together. */
export function concludeCheck(
  kind: DatasetKind,
  settings: CheckSettings,
  scan: ScanResult,
  tokens: TokenLengths | null,
): CheckResult {
  const columns = withLengths(scan.columns, tokens, kind);
  const rows = columns.flags.length;
  const counts = countFindings(columns.flags);
  const unequal = kind === 'preference' ? columns.difference.reduce((sum, value) => sum + (value === 0 ? 0 : 1), 0) : 0;
  return {
    columns,
    tagSets: scan.tagSets,
    overlaps: scan.overlaps,
    check: {
      settings,
      kind,
      rows,
      duplicates: counts.duplicate,
      nearDuplicates: counts['near-duplicate'],
      normalisedDuplicates: counts['normalised-duplicate'],
      contradictions: scan.counts.contradictions,
      contradictingRows: counts.contradiction,
      repeatedPrompts: scan.counts.repeatedPrompts,
      emptySides: counts['empty-side'],
      identicalSides: counts['identical-sides'],
      oddRoles: counts['odd-roles'],
      systemPrompts: counts['system-prompt'],
      mixedForms: counts['mixed-form'],
      templateMarks: counts['template-marks'],
      overlaps: settings.against.length === 0 ? null : counts.overlap,
      overlapsBySource: settings.against.map(({ kind: of, name }, source) => {
        const found = scan.overlapsBySource[source] ?? { rows: 0, exact: 0 };
        return { kind: of, name, ...found };
      }),
      truncated: tokens === null ? null : counts.cut,
      leftOut: tokens === null ? null : counts['left-out'],
      longerChosen: kind === 'preference' ? counts['longer-chosen'] : null,
      longerChosenShare: unequal === 0 ? null : wilson(counts['longer-chosen'], unequal),
      unit: tokens === null ? 'characters' : 'tokens',
      lengths: lengthsOf(kind, columns),
      tags: tagCounts(scan.tagSets, columns.tags),
      scripts: tally(scriptNames, columns.script),
    },
  };
}

function withLengths(columns: RowColumns, tokens: TokenLengths | null, kind: DatasetKind): CheckColumns {
  const { prompt, first, second, flags } = columns;
  const [cut, leftOut, longer] = [bitOf('cut'), bitOf('left-out'), bitOf('longer-chosen')];
  const difference = new Int32Array(flags.length);
  for (let row = 0; row < flags.length; row++) {
    if (tokens !== null) {
      const asked = tokens.prompt[row] as number;
      const fate = tokens.fate[row] as number;
      prompt[row] = asked;
      first[row] = Math.max(0, (tokens.first[row] as number) - asked);
      second[row] = Math.max(0, (tokens.second[row] as number) - asked);
      if (fate > 0) flags[row] = (flags[row] as number) | cut;
      if (fate === 2) flags[row] = (flags[row] as number) | leftOut;
    }
    if (kind !== 'preference') continue;
    difference[row] = (first[row] as number) - (second[row] as number);
    if ((difference[row] as number) > 0) flags[row] = (flags[row] as number) | longer;
  }
  return { ...columns, difference };
}

function countFindings(flags: Int32Array): Record<Finding, number> {
  const counts = findings.map((finding) => {
    const bit = bitOf(finding);
    return [finding, flags.reduce((sum, flag) => sum + ((flag & bit) === 0 ? 0 : 1), 0)] as const;
  });
  // Every finding has its entry.
  return Object.fromEntries(counts) as Record<Finding, number>;
}

function lengthsOf(kind: DatasetKind, { prompt, first, second, difference }: CheckColumns): DatasetCheck['lengths'] {
  const parts: [string, Int32Array][] =
    kind === 'preference'
      ? [
          ['prompt', prompt],
          ['chosen', first],
          ['rejected', second],
          ['chosen − rejected', difference],
        ]
      : kind === 'prompt'
        ? [['prompt', prompt]]
        : [
            ['prompt', prompt],
            ['completion', first],
          ];
  return parts.map(([name, values]) => ({ name, summary: lengthSummary(values), histogram: histogramOf(values) }));
}

function tagCounts(tagSets: readonly string[], tags: Int32Array): DatasetCheck['tags'] {
  const perSet = new Array<number>(tagSets.length).fill(0);
  for (const set of tags) perSet[set] = (perSet[set] ?? 0) + 1;
  const counts = new Map<string, number>();
  tagSets.forEach((set, i) => {
    // Written by the scan.
    for (const tag of new Set(JSON.parse(set) as string[])) counts.set(tag, (counts.get(tag) ?? 0) + (perSet[i] ?? 0));
  });
  return [...counts]
    .map(([name, rows]) => ({ name, rows }))
    .sort((a, b) => b.rows - a.rows || (a.name < b.name ? -1 : 1))
    .slice(0, listedTags);
}

function tally(names: readonly string[], values: Uint8Array): { name: string; rows: number }[] {
  const counts = names.map(() => 0);
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return names.map((name, i) => ({ name, rows: counts[i] ?? 0 })).filter(({ rows }) => rows > 0);
}
