import type { SuiteItem, SuiteKind } from '../../shared/domain/evaluations.ts';
import type { ReadableDb } from '../database.ts';
import { one, sql, value } from '../database.ts';

/** How a sample's responses were joined to its prompt when its suite scored them. */
export interface Joining {
  /** All that came before: for a word, the whole text so far, of which its sample shows the end. */
  context: string;
  /** What came between. */
  delimiter: string;
  /** A piece of a text that continues (a word, a last word, an option), not an answer with an end. */
  continues: boolean;
}

export interface JoinedSample {
  id: string;
  prompt: string;
}

/** Null if the evaluation or the sample is not in the workspace. */
export function joiningOf(db: ReadableDb, evaluationId: string, sampleKey: number): Joining | null {
  const suite = one<Suite>(
    db,
    sql`SELECT suite_kind AS suiteKind, suite_id AS suiteId FROM evaluations WHERE id = ${evaluationId}`,
  );
  const sample = one<JoinedSample>(
    db,
    sql`SELECT s.external_id AS id, t.prompt FROM sample_texts t JOIN samples s USING (sample_key)
        WHERE t.sample_key = ${sampleKey}`,
  );
  return suite === undefined || sample === undefined ? null : joiningIn(db, suite, sample);
}

interface Suite {
  suiteKind: SuiteKind | null;
  suiteId: string | null;
}

export function joiningIn(db: ReadableDb, { suiteKind, suiteId }: Suite, { id, prompt }: JoinedSample): Joining {
  switch (suiteKind) {
    case 'words': {
      const mark = id.lastIndexOf('@');
      const item = itemOf(db, suiteId, id.slice(0, mark));
      if (item?.kind !== 'words') return { context: prompt.replace(/^…\S*/, ''), delimiter: '', continues: true };
      const before = item.prompt === undefined || item.prompt === '' ? '' : item.prompt + delimiterOf(db, suiteId, ' ');
      return { context: before + item.text.slice(0, Number(id.slice(mark + 1))), delimiter: '', continues: true };
    }
    case 'cloze':
      return { context: prompt, delimiter: delimiterOf(db, suiteId, ' '), continues: true };
    case 'choice': {
      const item = itemOf(db, suiteId, id);
      const chat = item?.kind === 'choice' && typeof item.prompt !== 'string';
      return { context: prompt, delimiter: delimiterOf(db, suiteId, ' '), continues: !chat };
    }
    default:
      return { context: prompt, delimiter: delimiterOf(db, suiteId, ''), continues: false };
  }
}

function delimiterOf(db: ReadableDb, suiteId: string | null, usual: string): string {
  const settings = value<string>(db, sql`SELECT settings FROM suites WHERE id = ${suiteId}`);
  const { delimiter } = JSON.parse(settings ?? '{}') as { delimiter?: string };
  return delimiter ?? usual;
}

function itemOf(db: ReadableDb, suiteId: string | null, itemId: string): SuiteItem | null {
  const body = value<string>(
    db,
    sql`SELECT body FROM suite_items WHERE suite_key = (SELECT suite_key FROM suites WHERE id = ${suiteId})
        AND item_id = ${itemId}`,
  );
  return body === undefined ? null : (JSON.parse(body) as SuiteItem);
}

export const joiningReads = { joiningOf };
