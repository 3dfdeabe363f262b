import { comparisonSummary } from '../../shared/domain/statistics/summarise.ts';
import type { ComparisonTally, SummaryOptions } from '../../shared/domain/statistics/summarise.ts';
import type { ComparisonSummary } from '../../shared/domain/statistics/comparison-summary.ts';
import { searchSlices } from '../../shared/domain/statistics/slice-search.ts';
import type { SearchSample } from '../../shared/domain/statistics/slice-features.ts';
import type { SliceSearchResult } from '../../shared/domain/statistics/slice-search.ts';

/** Statistics that take longer than a window should wait on the main thread. */
export type StatisticsTask =
  | { kind: 'summary'; tally: ComparisonTally; options: SummaryOptions }
  | { kind: 'slice-search'; samples: SearchSample[] };

export interface StatisticsAnswers {
  summary: ComparisonSummary;
  'slice-search': SliceSearchResult;
}

export function calculate(task: StatisticsTask): ComparisonSummary | SliceSearchResult {
  return task.kind === 'summary' ? comparisonSummary(task.tally, task.options) : searchSlices(task.samples);
}
