import type { FlipKind } from '../../shared/domain/flips.ts';
import { flipSet } from '../../shared/domain/kinds/flip-set.ts';
import type { FlipSet } from '../../shared/domain/kinds/flip-set.ts';
import type { FlipText } from '../../shared/domain/kinds/flip-text.ts';
import { changeSummary } from '../../shared/domain/statistics/change-summary.ts';
import type { ChangeSummary, CountedKinds } from '../../shared/domain/statistics/change-summary.ts';
import { comparisonSummary } from '../../shared/domain/statistics/summarise.ts';
import type { ComparisonTally, SummaryOptions } from '../../shared/domain/statistics/summarise.ts';
import type { ComparisonSummary } from '../../shared/domain/statistics/comparison-summary.ts';
import { searchSlices } from '../../shared/domain/statistics/slice-search.ts';
import type { SearchSample } from '../../shared/domain/statistics/slice-features.ts';
import type { SliceSearchResult } from '../../shared/domain/statistics/slice-search.ts';

/** What takes longer than a window should wait on the main thread. */
export type StatisticsTask =
  | { kind: 'summary'; tally: ComparisonTally; options: SummaryOptions }
  | { kind: 'slice-search'; samples: SearchSample[] }
  | { kind: 'change-summary'; counted: CountedKinds; outcomes: Record<FlipKind, number> }
  | { kind: 'flip-set'; flips: readonly FlipText[]; samples: number };

export interface StatisticsAnswers {
  summary: ComparisonSummary;
  'slice-search': SliceSearchResult;
  'change-summary': ChangeSummary;
  'flip-set': FlipSet;
}

export function calculate(
  task: StatisticsTask,
  onProgress: (fraction: number) => void = () => {},
): StatisticsAnswers[keyof StatisticsAnswers] {
  switch (task.kind) {
    case 'summary':
      return comparisonSummary(task.tally, task.options);
    case 'slice-search':
      return searchSlices(task.samples, { onProgress });
    case 'change-summary':
      return changeSummary(task.counted, task.outcomes);
    case 'flip-set':
      return flipSet(task.flips, task.samples);
  }
}
