import type { Migration } from './migrate.ts';

/** What a policy answered in a step: by the key of the trained sample, its prompt and its answers with their rewards (JSON). */
export const stepAnswers: Migration = {
  version: 19,
  name: 'step-answers',
  script: `CREATE TABLE run_step_answers (step_key INTEGER PRIMARY KEY, answers TEXT NOT NULL) STRICT;`,
};
