import type { ListedRow } from '@shared/domain/data/row-view.ts';
import { formatCount } from '@shared/presentation/numbers.ts';
import { findingWords } from '@shared/presentation/version-steps.ts';
import { oneLine } from '@shared/presentation/words.ts';
import { isRowScore, scoreText } from './row-scores.ts';

/** What a cell of a dataset's list shows. */
export function cellText(row: ListedRow, key: string): string {
  const [first, second] = row.lengths?.answers ?? [];
  if (isRowScore(key)) return scoreText(row.scores, key);
  switch (key) {
    case 'row':
      return String(row.number);
    case 'prompt-text':
      return oneLine(row.prompt).slice(0, 300);
    case 'chosen':
    case 'completion':
      return oneLine(row.answers[0] ?? '').slice(0, 300);
    case 'rejected':
      return oneLine(row.answers[1] ?? '').slice(0, 300);
    case 'prompt':
      return formatCount(row.lengths?.prompt ?? null);
    case 'response':
      return formatCount(first ?? null);
    case 'difference':
      return String((first ?? 0) - (second ?? 0)).replace('-', '−');
    default:
      return row.findings
        .filter((finding) => finding !== 'longer-chosen' && finding !== 'repeated-prompt')
        .map((finding) => findingWords[finding])
        .join(', ');
  }
}
