import type { Migration } from './migrate.ts';

/**
 * Scores of a dataset’s rows by name: one float64 per row in the dataset’s order, NaN where it is not known; `about` says of what (JSON).
 * What rules of runs found: `rule` as a person writes it, `value` the figure that it looked at.
 */
export const suspectsAndAlerts: Migration = {
  version: 12,
  name: 'suspects-and-alerts',
  script: `
CREATE TABLE row_scores (
  score_key INTEGER PRIMARY KEY, dataset_key INTEGER NOT NULL REFERENCES datasets, name TEXT NOT NULL, about TEXT NOT NULL,
  data BLOB NOT NULL, made_at INTEGER NOT NULL, UNIQUE (dataset_key, name)
) STRICT;
CREATE TABLE alerts (
  alert_key INTEGER PRIMARY KEY, run_key INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE, rule TEXT NOT NULL, step INTEGER NOT NULL,
  suite_name TEXT, value REAL NOT NULL, message TEXT NOT NULL, at INTEGER NOT NULL
) STRICT;
CREATE INDEX alerts_by_run ON alerts (run_key);
`,
};
