import { diffArrays } from 'diff';
import { wordDiff } from './word-diff.ts';
import type { DiffPart } from './word-diff.ts';

/** Two texts side by side, line by line: what is equal is at the same height. */

export const differences = ['words', 'lines', 'off'] as const;
export type DifferenceBy = (typeof differences)[number];

/** One line (or block) of each side; null where the other side has one more. Joined, the parts of a side are its text. */
export interface DiffRow {
  left: DiffPart[] | null;
  right: DiffPart[] | null;
  changed: boolean;
}

/** A pair of positions in two lists. */
export interface AlignedUnit {
  left: number | null;
  right: number | null;
  changed: boolean;
}

/** Lists that need more edits than this have little in common, and the search grows with its square. */
const maxEdits = 800;
/** Below this share of common characters, marks on single words would be confetti. */
const leastInCommon = 0.3;

/** Equal units are next to each other; what was replaced is paired in its order. */
export function alignUnits(left: readonly string[], right: readonly string[]): AlignedUnit[] {
  const changes = diffArrays([...left], [...right], { maxEditLength: maxEdits });
  if (changes === undefined) return pairedInOrder(range(0, left.length), range(0, right.length));
  const units: AlignedUnit[] = [];
  let [l, r] = [0, 0];
  let removed: number[] = [];
  let added: number[] = [];
  const settle = () => {
    units.push(...pairedInOrder(removed, added));
    [removed, added] = [[], []];
  };
  for (const { value, removed: isRemoved, added: isAdded } of changes) {
    if (isRemoved) {
      removed.push(...range(l, (l += value.length)));
    } else if (isAdded) {
      added.push(...range(r, (r += value.length)));
    } else {
      settle();
      for (let i = 0; i < value.length; i++) units.push({ left: l++, right: r++, changed: false });
    }
  }
  settle();
  return units;
}

export function alignedDiff(left: string, right: string, by: DifferenceBy): DiffRow[] {
  if (by === 'off') return [{ left: whole(left, false), right: whole(right, false), changed: false }];
  const [leftLines, rightLines] = [linesOf(left), linesOf(right)];
  return alignUnits(leftLines, rightLines).map(({ left: l, right: r, changed }) => {
    const [a, b] = [l === null ? null : (leftLines[l] ?? ''), r === null ? null : (rightLines[r] ?? '')];
    if (!changed || a === null || b === null || by === 'lines') {
      return { left: a === null ? null : whole(a, changed), right: b === null ? null : whole(b, changed), changed };
    }
    return { ...wordsOrWhole(a, b), changed };
  });
}

function wordsOrWhole(left: string, right: string): Pick<DiffRow, 'left' | 'right'> {
  const sides = wordDiff(left, right);
  if (sides === null || inCommon(sides.left, left, right) < leastInCommon) {
    return { left: whole(left, true), right: whole(right, true) };
  }
  return sides;
}

/** Share of the longer text's characters, spaces aside, that both have. */
function inCommon(parts: readonly DiffPart[], left: string, right: string): number {
  const letters = (text: string) => text.replace(/\s+/g, '').length;
  const common = parts.reduce((sum, { text, changed }) => sum + (changed ? 0 : letters(text)), 0);
  return common / Math.max(1, letters(left), letters(right));
}

/** A shown row, or so many equal ones that are folded away from `from` on. */
export type FoldedRow<Row> = { row: Row; index: number } | { folded: number; from: number };

/** Equal rows around a change that stay. */
const context = 2;
/** Fewer are not worth a fold. */
const leastFolded = 4;

/** Long runs of equal rows become one fold, unless `opened` says where they begin. Where nothing changed nothing is folded. */
export function foldEqual<Row extends { changed: boolean }>(
  rows: readonly Row[],
  opened: ReadonlySet<number> = new Set(),
): FoldedRow<Row>[] {
  const shown = (index: number): FoldedRow<Row>[] => {
    const row = rows[index];
    return row === undefined ? [] : [{ row, index }];
  };
  if (!rows.some(({ changed }) => changed)) return rows.flatMap((_, index) => shown(index));
  const folded: FoldedRow<Row>[] = [];
  for (let at = 0; at < rows.length;) {
    if (rows[at]?.changed === true) {
      folded.push(...shown(at++));
      continue;
    }
    let end = at;
    while (end < rows.length && rows[end]?.changed !== true) end += 1;
    const from = at === 0 ? 0 : at + context;
    const to = end === rows.length ? end : end - context;
    if (to - from < leastFolded || opened.has(from)) folded.push(...range(at, end).flatMap(shown));
    else {
      folded.push(...range(at, from).flatMap(shown), { folded: to - from, from }, ...range(to, end).flatMap(shown));
    }
    at = end;
  }
  return folded;
}

/** A line keeps its end, so that the lines joined are the text. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+/g) ?? [''];
}

function whole(text: string, changed: boolean): DiffPart[] {
  return [{ text, changed }];
}

function pairedInOrder(left: readonly number[], right: readonly number[]): AlignedUnit[] {
  return range(0, Math.max(left.length, right.length)).map((i) => ({
    left: left[i] ?? null,
    right: right[i] ?? null,
    changed: true,
  }));
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
}
