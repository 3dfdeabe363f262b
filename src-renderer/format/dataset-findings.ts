import type { DatasetCheck } from '@shared/domain/data/check.ts';
import type { Finding } from '@shared/domain/data/findings.ts';
import type { Histogram } from '@shared/domain/data/histograms.ts';
import type { FacetValue, HistogramBin } from '@shared/domain/flip-view.ts';

/** How many rows a check found of each, the ones it found none of left out. */
export function findingCounts(check: DatasetCheck): FacetValue[] {
  const counts: [Finding, number | null][] = [
    ['duplicate', check.duplicates],
    ['near-duplicate', check.nearDuplicates],
    ['contradiction', check.contradictingRows],
    ['empty-side', check.emptySides],
    ['identical-sides', check.identicalSides],
    ['odd-roles', check.oddRoles],
    ['system-prompt', check.systemPrompts],
    ['mixed-form', check.mixedForms],
    ['template-marks', check.templateMarks],
    ['overlap', check.overlaps],
    ['cut', check.truncated],
    ['left-out', check.leftOut],
    ['longer-chosen', check.longerChosen],
  ];
  return counts.flatMap(([value, count]) => ((count ?? 0) > 0 ? [{ value, count: count ?? 0, negative: 0 }] : []));
}

/** What is left out when nothing else is said: rows that teach nothing or the wrong thing whatever the model. */
export function usuallyLeftOut(check: DatasetCheck): Finding[] {
  const usual: readonly Finding[] = [
    'duplicate',
    'near-duplicate',
    'contradiction',
    'empty-side',
    'identical-sides',
    'odd-roles',
    'template-marks',
    'overlap',
    'left-out',
  ];
  const found = new Set(findingCounts(check).map(({ value }) => value));
  return usual.filter((finding) => found.has(finding));
}

/** Bins as the histograms of the flip browser take them; lengths are whole, so a bin ends with its last whole number. */
export function binsOf({ from, width, counts }: Histogram): HistogramBin[] {
  return counts.map((count, i) => ({
    from: from + i * width,
    to: from + (i + 1) * width - 1,
    count,
    negative: 0,
  }));
}
