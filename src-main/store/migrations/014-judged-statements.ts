import type { Migration } from './migrate.ts';

/** Statements on a comparison's samples that a judge proposed and judged, as JSON per filter. */
export const judgedStatementTables: Migration = {
  version: 14,
  name: 'judged-statements',
  script: `
CREATE TABLE judged_statements (
  comparison_key INTEGER NOT NULL REFERENCES comparisons ON DELETE CASCADE, filter TEXT NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (comparison_key, filter)
) STRICT, WITHOUT ROWID;
`,
};
