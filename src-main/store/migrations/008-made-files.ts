import type { Migration } from './migrate.ts';

/**
 * Uploads and exports that the workbench made, each in a folder of its own: only what is listed here is ever tidied.
 * `size_bytes` and `modified_ms` are those of the finished file, null until then; a file with others is somebody's by now.
 * `made_on` counts days of use, as `days_used` has them: a clock that jumps a month adds one day, not thirty.
 */
export const madeFiles: Migration = {
  version: 8,
  name: 'made-files',
  script: `
CREATE TABLE made_files (
  file_key INTEGER PRIMARY KEY, place TEXT NOT NULL, folder TEXT NOT NULL, name TEXT NOT NULL,
  size_bytes INTEGER, modified_ms INTEGER, created_at INTEGER NOT NULL, made_on INTEGER NOT NULL, UNIQUE (place, folder)
) STRICT;
-- Days since epoch on which somebody worked in the workspace.
CREATE TABLE days_used (day INTEGER PRIMARY KEY) STRICT;
`,
};
