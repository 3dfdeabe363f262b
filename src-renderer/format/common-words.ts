import type { JudgedStatement, JudgedStatements } from '@shared/domain/kinds/judged-statements.ts';
import type { SetStatement, SetStatements } from '@shared/domain/kinds/set-statements.ts';
import type { ComputationState } from '../stores/computation.ts';

interface CommonWords {
  told: readonly SetStatement[];
  judged: readonly JudgedStatement[];
  /** Whether the line has anything to show: statements, how far the search for them is, or why it failed. */
  isShown: boolean;
}

/** What the line under the kinds says that listed samples have in common. One sample has nothing in common with itself. */
export function commonWords(
  statements: SetStatements | null,
  judged: JudgedStatements | null,
  { error, working, job }: Pick<ComputationState, 'error' | 'working' | 'job'>,
): CommonWords {
  const told = statements !== null && statements.samples > 1 ? statements.best : [];
  const said = judged !== null && judged.samples > 1 ? judged.best : [];
  const isSearching = error.value !== null || (working.value && job.value !== null);
  return { told, judged: said, isShown: isSearching || told.length + said.length > 0 };
}
