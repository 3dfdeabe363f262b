import { readReport } from '../../reports/read-report.ts';
import type { ReportModel } from '../../shared/domain/reports/report-model.ts';
import type { FlipKind } from '../../shared/domain/flips.ts';
import { changeSummary } from '../../shared/domain/statistics/change-summary.ts';
import type { ChangeSummary, CountedKinds } from '../../shared/domain/statistics/change-summary.ts';
import { comparisonSummary } from '../../shared/domain/statistics/summarise.ts';
import type { ComparisonTally, SummaryOptions } from '../../shared/domain/statistics/summarise.ts';
import type { ComparisonSummary } from '../../shared/domain/statistics/comparison-summary.ts';
import { searchSlices } from '../../shared/domain/statistics/slice-search.ts';
import type { SearchSample } from '../../shared/domain/statistics/slice-features.ts';
import type { SliceSearchResult } from '../../shared/domain/statistics/slice-search.ts';

/** What takes longer than a window should wait on the main thread: statistics, and reading a report's. */
export type StatisticsTask =
  | { kind: 'summary'; tally: ComparisonTally; options: SummaryOptions }
  | { kind: 'slice-search'; samples: SearchSample[] }
  | { kind: 'change-summary'; counted: CountedKinds; outcomes: Record<FlipKind, number> }
  | { kind: 'read-report'; text: string; fileName: string };

export interface StatisticsAnswers {
  summary: ComparisonSummary;
  'slice-search': SliceSearchResult;
  'change-summary': ChangeSummary;
  'read-report': ReportModel;
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
    case 'read-report':
      return readReport(task.text, task.fileName);
  }
}
