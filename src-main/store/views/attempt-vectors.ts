import type { FlipKind } from '../../shared/domain/flips.ts';
import type { FlipVectors } from '../api.ts';
import type { StoredColumns } from './columns.ts';
import { kindOf } from './columns.ts';

/** Whether a side's only answer was right, by the pair's outcome; absent if the outcome does not say. */
const oldIsRight: Partial<Record<FlipKind, boolean>> = {
  negative: true,
  'kept-right': true,
  positive: false,
  'kept-wrong': false,
};
const nowIsRight: Partial<Record<FlipKind, boolean>> = {
  negative: false,
  'kept-right': true,
  positive: true,
  'kept-wrong': false,
};

/** Answers, and right ones, of each side at `rows`; 1 answer if a side was asked once. Null if no sample has several. */
export function attemptVectors(columns: StoredColumns, rows: Int32Array): FlipVectors['attempts'] {
  const [left, right] = [columns.get('leftAttempts'), columns.get('rightAttempts')];
  if (!left.some((count) => count > 0) && !right.some((count) => count > 0)) return null;
  const kinds = columns.get('kind');
  const counted = (attempts: Uint32Array, solved: Uint32Array, once: Partial<Record<FlipKind, boolean>>) => {
    const counts = { attempts: new Uint32Array(rows.length), right: new Uint32Array(rows.length) };
    rows.forEach((row, i) => {
      const alone = once[kindOf(kinds[row])];
      const several = (attempts[row] ?? 0) > 0;
      counts.attempts[i] = several ? (attempts[row] ?? 0) : alone === undefined ? 0 : 1;
      counts.right[i] = several ? (solved[row] ?? 0) : alone === true ? 1 : 0;
    });
    return counts;
  };
  return {
    left: counted(left, columns.get('leftSolved'), oldIsRight),
    right: counted(right, columns.get('rightSolved'), nowIsRight),
  };
}
