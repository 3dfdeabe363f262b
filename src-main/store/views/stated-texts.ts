import type { Statement } from '../../shared/domain/kinds/statements.ts';
import { inputTest, parseStatement } from '../../shared/domain/kinds/statements.ts';
import { each, sql } from '../database.ts';
import type { LoadedComparison } from './comparison.ts';

/** Whether testing the statement means reading texts or slice names. */
export function readsTexts(text: string): boolean {
  const is = parseStatement(text)?.is;
  return is !== undefined && is !== 'change' && is !== 'tag' && is !== 'judged';
}

/** Per row, 1 if a statement on prompt, target or slices holds. */
export function statementRows({ db, rows, columns, sliced }: LoadedComparison, text: string): Uint8Array {
  const found = new Uint8Array(rows);
  const statement = parseStatement(text);
  if (statement?.is === 'slice') return sliced.within([statement.name]);
  if (statement === null || !isOnTexts(statement)) return found;
  const holds = inputTest(statement);
  const keys = columns.get('leftKey');
  for (const { key, prompt, target } of each<{ key: number; prompt: string; target: string | null }>(
    db,
    sql`SELECT sample_key AS key, prompt, target FROM sample_texts WHERE sample_key BETWEEN ${keys[0] ?? 0} AND ${keys.at(-1) ?? -1}`,
  )) {
    if (!holds({ prompt, target })) continue;
    const row = columns.positionOf(key);
    if (row >= 0) found[row] = 1;
  }
  return found;
}

function isOnTexts(statement: Statement): statement is Parameters<typeof inputTest>[0] {
  return statement.is !== 'change' && statement.is !== 'slice' && statement.is !== 'tag' && statement.is !== 'judged';
}
