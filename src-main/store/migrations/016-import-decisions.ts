import type { Migration } from './migrate.ts';

/** What an import decided, in sentences (JSON): the fields it took, where ids come from, the file that names the licence. */
export const importDecisions: Migration = {
  version: 16,
  name: 'import-decisions',
  script: `ALTER TABLE imports ADD COLUMN decisions TEXT NOT NULL DEFAULT '[]';`,
};
