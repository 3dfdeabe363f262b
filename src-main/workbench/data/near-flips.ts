import type { RowFilter } from '../../shared/domain/data/row-view.ts';
import type { DatasetRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { FlipFilter } from '../../shared/domain/flip-view.ts';
import { filterWords } from '../../shared/presentation/filter-words.ts';
import { plural } from '../../shared/presentation/words.ts';
import type { Core } from '../core.ts';

/** Flips beyond these would make “near” mean anything. */
const mostFlips = 5_000;
/** Share of words that two prompts have in common, from which they are near each other. */
export const usualSimilarity = 0.5;

/** The rows near the flips of a comparison, by id, with a sentence that says how they were chosen. */
export async function rowsNearFlips(
  { store }: Core,
  dataset: DatasetRecord,
  {
    comparisonId,
    filter,
    similarity = usualSimilarity,
  }: { comparisonId: string; filter: FlipFilter; similarity?: number },
): Promise<{ where: RowFilter; note: string }> {
  const comparison = await store.getComparison(comparisonId);
  if (comparison === null) throw new WorkbenchError('not-found', 'This comparison is not in the workspace.');
  const prompts: string[] = [];
  await store.streamFlips(comparisonId, filter, { column: 'delta', direction: 'ascending' }, (rows) => {
    prompts.push(...rows.map((row) => row.prompt).slice(0, mostFlips - prompts.length));
    return Promise.resolve();
  });
  if (prompts.length === 0) {
    throw new WorkbenchError('bad-input', 'No sample changed like this, so nothing is near one.', {
      remedy: 'Choose another kind of change.',
    });
  }
  const ids = await store.rowsNearPrompts(dataset.id, prompts, similarity);
  const samples = plural(prompts.length, 'sample');
  const from = prompts.length === 1 ? 'that of' : 'that of one of';
  return {
    where: { ids },
    note: `Prompts that share ${similarity} or more of their words with ${from} ${samples} (${filterWords(filter)}) from ${comparison.leftName} to ${comparison.rightName}.`,
  };
}
