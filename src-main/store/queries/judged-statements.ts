import type { FlipFilter } from '../../shared/domain/flip-filter.ts';
import type { JudgedStatements } from '../../shared/domain/kinds/judged-statements.ts';
import type { ReadableDb } from '../database.ts';
import { all, run, sql, value } from '../database.ts';
import type { Writer } from './marks.ts';
import { change } from './marks.ts';

/** A filter as it is compared with others: the order of its parts does not matter. */
function filterText(filter: FlipFilter): string {
  const parts = Object.entries(filter).filter(([, part]) => part !== undefined);
  return JSON.stringify(Object.fromEntries(parts.sort(([a], [b]) => (a < b ? -1 : 1))));
}

/** Keeps what a judge said about the samples of a filter, replacing what was kept before. Does nothing if the comparison is gone. */
export function putJudgedStatements(
  writer: Writer,
  comparisonId: string,
  filter: FlipFilter,
  said: JudgedStatements,
): void {
  const { db } = writer;
  change(writer, ['comparisons'], () =>
    run(
      db,
      sql`INSERT OR REPLACE INTO judged_statements (comparison_key, filter, body)
          SELECT comparison_key, ${filterText(filter)}, ${JSON.stringify(said)} FROM comparisons WHERE id = ${comparisonId}`,
    ),
  );
}

/** What was kept for a filter; null if no judge was asked. */
export function judgedStatements(db: ReadableDb, comparisonId: string, filter: FlipFilter): JudgedStatements | null {
  const body = value<string>(
    db,
    sql`SELECT body FROM judged_statements JOIN comparisons USING (comparison_key)
        WHERE id = ${comparisonId} AND filter = ${filterText(filter)}`,
  );
  return body === undefined ? null : (JSON.parse(body) as JudgedStatements);
}

/** Samples for which a judge said that a statement holds, whichever filter it was asked about. */
export function keysOfJudged(db: ReadableDb, comparisonKey: number, text: string): Set<number> {
  const bodies = all<{ body: string }>(
    db,
    sql`SELECT body FROM judged_statements WHERE comparison_key = ${comparisonKey}`,
  );
  return new Set(
    bodies
      .map(({ body }) => JSON.parse(body) as JudgedStatements)
      .flatMap(({ best, others }) => [...best, ...others])
      .filter((one) => one.text === text)
      .flatMap(({ sampleKeys }) => sampleKeys),
  );
}

export const judgedReads = { judgedStatements };
export const judgedWrites = { putJudgedStatements };
