import type { FlipFilter } from '../../shared/domain/flip-view.ts';
import type { FlipSet } from '../../shared/domain/kinds/flip-set.ts';
import type { SetStatements } from '../../shared/domain/kinds/set-statements.ts';
import type { FlipText } from '../../shared/domain/kinds/flip-text.ts';
import type { FlipExportRow, Store } from '../../store/api.ts';
import type { Statistics } from '../statistics/statistics.ts';
import { partOf, throwIfCancelled, unlessCancelled } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';

/** Of a larger set, evenly spread samples are read. */
const mostRead = 20_000;

interface Context {
  store: Store;
  statistics: Statistics;
  /** Sees to it that the rows have their kinds. */
  findKinds: (comparisonId: string, task: Task) => Promise<void>;
}

/** What the samples of a filter have in common: which answers became which, and groups of what changed alike. */
export async function putIntoWords(
  { store, statistics, findKinds }: Context,
  comparisonId: string,
  filter: FlipFilter,
  task: Task,
): Promise<FlipSet> {
  await findKinds(comparisonId, partOf(task, 0, 0.4));
  const reading = partOf(task, 0.4, 0.8);
  const total = (await store.flipVectors(comparisonId, filter)).kinds.length;
  const stride = Math.max(1, Math.ceil(total / mostRead));
  const flips: FlipText[] = [];
  let [seen, withText] = [0, 0];
  await store.streamFlips(comparisonId, filter, { column: 'sampleId', direction: 'ascending' }, async (rows) => {
    throwIfCancelled(task);
    for (const row of rows) {
      seen += 1;
      const text = flipText(row);
      if (text === null) continue;
      if (withText++ % stride === 0) flips.push(text);
    }
    reading.progress('reading the samples', seen / Math.max(1, total));
  });
  task.progress('grouping what changed', 0.8);
  return statistics.calculate<'flip-set'>({ kind: 'flip-set', flips, samples: withText }, { signal: task.signal });
}

/** What the samples of a filter have in common, in statements that all samples of the comparison are counted by. */
export async function statementsOf(
  { store, findKinds }: Omit<Context, 'statistics'>,
  comparisonId: string,
  filter: FlipFilter,
  task: Task,
): Promise<SetStatements> {
  await findKinds(comparisonId, partOf(task, 0, 0.5));
  const searching = partOf(task, 0.5, 1);
  const progress = (fraction: number): void => searching.progress('looking for what they have in common', fraction);
  return unlessCancelled(task, store.setStatements(comparisonId, filter, progress, task.signal));
}

function flipText({ sampleKey, sampleId, target, leftOutput, rightOutput, changes }: FlipExportRow): FlipText | null {
  if (leftOutput === null || rightOutput === null) return null;
  return { sampleKey, sampleId, target, old: leftOutput, now: rightOutput, changes };
}
