import type { Migration } from './migrate.ts';

/**
 * Studies. `frozen`: the settings that the test split was opened with, JSON, null before that. `study_points` says which run,
 * interpolated model or evaluation is which part of a study; a thing that was deleted since is made again.
 */
export const studies: Migration = {
  version: 11,
  name: 'studies',
  script: `
CREATE TABLE studies (
  study_key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL UNIQUE, frozen TEXT, created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE study_points (
  study_key INTEGER NOT NULL REFERENCES studies ON DELETE CASCADE, point TEXT NOT NULL, thing_id TEXT NOT NULL,
  PRIMARY KEY (study_key, point)
) STRICT, WITHOUT ROWID;
`,
};
