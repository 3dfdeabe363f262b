import type { Migration } from './migrate.ts';

/**
 * What a judge of pairs said, reply by reply, so that a judging that broke off pays only for what is missing. `question` is the digest of all
 * that was sent; `preference` 0 none could be read, 1 the first answer, 2 the second, 3 a tie. They go with the evaluation of the new side.
 */
export const judgeReplies: Migration = {
  version: 17,
  name: 'judge-replies',
  script: `
CREATE TABLE judge_replies (
  evaluation_key INTEGER NOT NULL REFERENCES evaluations ON DELETE CASCADE, question TEXT NOT NULL, preference INTEGER NOT NULL,
  prompt_tokens INTEGER, output_tokens INTEGER, PRIMARY KEY (evaluation_key, question)
) STRICT, WITHOUT ROWID;
`,
};
