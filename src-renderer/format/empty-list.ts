import type { ComparisonRecord, FlipFilter } from '@shared/domain/flip-view.ts';
import { formatCount } from '@shared/presentation/numbers.ts';
import { plural } from '@shared/presentation/words.ts';

export interface EmptyReason {
  title: string;
  text: string;
  /** Another filter would show samples. */
  filtered: boolean;
}

/** Why a list of samples has no row: nothing was paired, nothing flipped, or the filter leaves nothing. */
export function whyEmpty(comparison: ComparisonRecord | null, filter: FlipFilter): EmptyReason {
  const counts = comparison?.counts;
  if (counts !== undefined && counts.paired === 0) {
    return {
      title: 'These two evaluations share no sample',
      text: `${plural(counts.unmatchedLeft, 'sample')} only in the old one, ${formatCount(counts.unmatchedRight)} only in the new one. Compare evaluations of the same suite.`,
      filtered: false,
    };
  }
  const kinds = counts?.corrected?.kinds ?? counts?.kinds;
  const onlyKinds = Object.keys(filter).every((part) => part === 'kinds' || part === 'verdicts');
  if (kinds !== undefined && onlyKinds && filter.kinds?.length === 1 && filter.kinds[0] === 'negative') {
    return {
      title: 'No sample got worse',
      text: `Of ${plural(counts?.paired ?? 0, 'paired sample')} none was right before and is wrong now.`,
      filtered: true,
    };
  }
  return { title: 'No sample matches this filter', text: 'Remove a filter to see samples again.', filtered: true };
}
