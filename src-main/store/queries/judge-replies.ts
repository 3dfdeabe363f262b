import type { Preference } from '../../shared/domain/judging/pairwise.ts';
import type { ReadableDb } from '../database.ts';
import { one, run, sql, value } from '../database.ts';
import type { Writer } from './marks.ts';
import { change } from './marks.ts';

/** One reply of a judge, with the tokens that it took; null if the server counts none. */
export interface JudgeReply {
  readonly preference: Preference;
  readonly promptTokens: number | null;
  readonly outputTokens: number | null;
}

const preferences: readonly Preference[] = [null, 'first', 'second', 'tie'];

/** Keeps a reply with the evaluation of the new side, replacing one to the same question. Does nothing if the evaluation is gone. */
export function putJudgeReply(
  writer: Writer,
  evaluationId: string,
  question: string,
  { preference, promptTokens, outputTokens }: JudgeReply,
): void {
  change(writer, [], () =>
    run(
      writer.db,
      sql`INSERT OR REPLACE INTO judge_replies (evaluation_key, question, preference, prompt_tokens, output_tokens)
          SELECT evaluation_key, ${question}, ${preferences.indexOf(preference)}, ${promptTokens}, ${outputTokens}
          FROM evaluations WHERE id = ${evaluationId}`,
    ),
  );
}

/** The earlier reply to each question; null if it was not asked. */
export function judgeReplies(
  db: ReadableDb,
  evaluationId: string,
  questions: readonly string[],
): (JudgeReply | null)[] {
  const key = value<number>(db, sql`SELECT evaluation_key FROM evaluations WHERE id = ${evaluationId}`) ?? 0;
  return questions.map((question) => {
    const found = one<{ preference: number; promptTokens: number | null; outputTokens: number | null }>(
      db,
      sql`SELECT preference, prompt_tokens AS promptTokens, output_tokens AS outputTokens FROM judge_replies
          WHERE evaluation_key = ${key} AND question = ${question}`,
    );
    return found === undefined ? null : { ...found, preference: preferences[found.preference] ?? null };
  });
}

export const judgeReplyReads = { judgeReplies };
export const judgeReplyWrites = { putJudgeReply };
