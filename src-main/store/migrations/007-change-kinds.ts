import type { Migration } from './migrate.ts';

/**
 * By which rules a build's kinds of change were found (columns `appeared` and `gone` of `comparison_columns`), and the own kinds
 * by bit. A build without a row, or with other rules than the workspace's, has its kinds found when they are first asked for.
 */
export const changeKindTables: Migration = {
  version: 7,
  name: 'change-kinds',
  script: `
CREATE TABLE comparison_kinds (
  build_key INTEGER PRIMARY KEY REFERENCES comparison_builds ON DELETE CASCADE, rules TEXT NOT NULL, own TEXT NOT NULL
) STRICT;
`,
};
