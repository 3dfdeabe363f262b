import { keysOfJudged } from '../queries/judged-statements.ts';
import { parseStatement } from '../../shared/domain/kinds/statements.ts';
import type { LoadedComparison } from './comparison.ts';
import { tagKeys } from './tags.ts';
import { changeBits } from './kind-columns.ts';

/** Whether a statement holds for a row. Anything that is not a statement holds for none. */
export function statementTest(comparison: LoadedComparison, text: string): (row: number) => boolean {
  const statement = parseStatement(text);
  const { columns } = comparison;
  if (statement === null) return () => false;
  switch (statement.is) {
    case 'change': {
      const wanted = changeBits([statement.name], comparison.ownKinds() ?? []);
      const [appeared, gone] = [columns.get('appeared'), columns.get('gone')];
      return (row) => ((appeared[row] ?? 0) & wanted.appeared) !== 0 || ((gone[row] ?? 0) & wanted.gone) !== 0;
    }
    case 'tag': {
      const wanted = tagKeys(comparison.db, [statement.name]);
      const tags = comparison.tags();
      return (row) => tags.get(row)?.some((tag) => wanted.has(tag)) ?? false;
    }
    case 'judged': {
      const holds = keysOfJudged(comparison.db, comparison.key, statement.text);
      const keys = columns.get('leftKey');
      return (row) => holds.has(keys[row] ?? -1);
    }
    default: {
      const found = comparison.searches.rows(text, 'statement');
      return (row) => found[row] === 1;
    }
  }
}
