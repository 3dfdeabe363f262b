import type { FlipFilter } from '../../shared/domain/flip-view.ts';
import { findStatements, isOfVerdict, recounted } from '../../shared/domain/kinds/set-statements.ts';
import type { SetStatements, StatedSample, StatementCounts } from '../../shared/domain/kinds/set-statements.ts';
import type { ReadableDb } from '../database.ts';
import { prepare } from '../database.ts';
import { nameOf } from '../queries/names.ts';
import { kindOf } from '../views/columns.ts';
import type { LoadedComparison } from '../views/comparison.ts';
import { loadComparison } from '../views/comparison.ts';
import { failuresOf } from '../views/filter.ts';
import { namesOfChanges } from '../views/kind-columns.ts';
import { statementTest } from '../views/statement-rows.ts';

/** Beyond this many samples, evenly spread ones are read for candidates; the selected statements are counted over all. */
const mostOfSet = 5000;
const mostOfRest = 10_000;
const readAtOnce = 1000;

/** What the samples of a filter have in common, compared with all others of the comparison. */
export async function setStatements(
  db: ReadableDb,
  emit: (told: { fraction: number }) => Promise<void>,
  comparisonId: string,
  filter: FlipFilter,
): Promise<SetStatements> {
  db.raw.exec('BEGIN');
  const comparison = loadComparison(db, comparisonId);
  const failures = failuresOf(comparison, filter);
  const isIn = (row: number): boolean => failures === null || failures[row] === 0;
  const [set, rest]: [number[], number[]] = [[], []];
  for (let row = 0; row < comparison.rows; row++) (isIn(row) ? set : rest).push(row);
  const read = [...spread(set, mostOfSet), ...spread(rest, mostOfRest)];
  const readSample = sampleReader(comparison, filter, isIn);
  const samples: StatedSample[] = [];
  if (set.length > 0 && rest.length > 0) {
    for (let from = 0; from < read.length; from += readAtOnce) {
      samples.push(...read.slice(from, from + readAtOnce).map(readSample));
      await emit({ fraction: (0.4 * samples.length) / read.length });
    }
  }
  const { tried, best } = findStatements(samples, filter);
  const told = [];
  for (const one of best) {
    await emit({ fraction: 0.8 + (0.2 * told.length) / best.length });
    const isWhole = read.length === comparison.rows;
    told.push(isWhole ? one : recounted(one, countsOf(comparison, filter, one.statement, isIn), tried));
  }
  db.raw.exec('COMMIT');
  return { samples: set.length, rest: rest.length, tried, best: told };
}

function spread(rows: readonly number[], most: number): number[] {
  const count = Math.min(most, rows.length);
  return Array.from({ length: count }, (_, i) => rows[Math.floor((i * rows.length) / count)] ?? 0);
}

function sampleReader(
  comparison: LoadedComparison,
  { verdicts }: FlipFilter,
  isIn: (row: number) => boolean,
): (row: number) => StatedSample {
  const { db, columns } = comparison;
  const texts = prepare(db, 'SELECT prompt, target FROM sample_texts WHERE sample_key = ?', 'array');
  const [keys, outcomes] = [columns.get('leftKey'), comparison.kinds(verdicts)];
  const [appeared, gone, sets] = [columns.get('appeared'), columns.get('gone'), columns.get('sliceSet')];
  const own = comparison.ownKinds() ?? [];
  const tags = comparison.tags();
  return (row) => {
    const [prompt, target] = (texts.get(keys[row] ?? 0) as [string, string | null] | undefined) ?? ['', null];
    return {
      inSet: isIn(row),
      outcome: kindOf(outcomes[row]),
      changes: namesOfChanges(appeared[row] ?? 0, gone[row] ?? 0, own),
      prompt,
      target,
      tags: (tags.get(row) ?? []).map((tag) => nameOf(db, tag) ?? ''),
      slices: comparison.sliced.names(sets[row] ?? 0),
    };
  };
}

/** Counted over all samples, by the test of the filter that a click sets. */
function countsOf(
  comparison: LoadedComparison,
  { verdicts }: FlipFilter,
  statement: string,
  isIn: (row: number) => boolean,
): StatementCounts {
  const outcomes = comparison.kinds(verdicts);
  const holds = statementTest(comparison, statement);
  const ofSet = new Set<number>();
  for (let row = 0; row < outcomes.length; row++) if (isIn(row)) ofSet.add(outcomes[row] ?? 0);
  const alike = isOfVerdict(statement);
  const counts = { hits: 0, of: 0, restHits: 0, restOf: 0 };
  for (let row = 0; row < outcomes.length; row++) {
    if (isIn(row)) {
      counts.of += 1;
      if (holds(row)) counts.hits += 1;
    } else if (!alike || ofSet.has(outcomes[row] ?? 0)) {
      counts.restOf += 1;
      if (holds(row)) counts.restHits += 1;
    }
  }
  return counts;
}
