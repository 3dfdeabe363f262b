import type { Migration } from './migrate.ts';

/**
 * Notes, tags and the archive for everything a person can name, and names of comparisons. Runs keep their own notes and tags, where they
 * always were. Evaluations of runs get the names that people read: “DPO, step 48 · next words” instead of “DPO · words · step 48”.
 */
export const marksOfThings: Migration = {
  version: 5,
  name: 'marks',
  script: `
CREATE TABLE thing_marks (
  kind TEXT NOT NULL, id TEXT NOT NULL, note TEXT NOT NULL DEFAULT '', tags TEXT NOT NULL DEFAULT '[]',
  archived INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
ALTER TABLE comparisons ADD COLUMN name TEXT;
UPDATE evaluations SET name = r.name || CASE evaluations.step WHEN 0 THEN ', before training' ELSE ', step ' || evaluations.step END
    || ' · ' || CASE s.name WHEN 'words' THEN 'next words' ELSE s.name END
  FROM runs r, scopes s
  WHERE r.run_key = evaluations.run_key AND s.scope_key = evaluations.scope_key
    AND evaluations.name = r.name || ' · ' || s.name || ' · step ' || evaluations.step;
`,
};
