import type { Migration } from './migrate.ts';

/**
 * What judged an evaluation, and several answers to one sample. `measure` is JSON, null where nothing is known (evaluations of
 * before). Of a sample that was answered several times, `attempts` counts the answers with a verdict and `solved` the right ones;
 * 0 attempts = answered once. `sample_fields`: short values of the record by name, JSON, for pairing.
 * `origin`: where the source lay and how it was read, JSON, so that it can be read again by another of its variants.
 */
export const measures: Migration = {
  version: 6,
  name: 'measures',
  script: `
ALTER TABLE evaluations ADD COLUMN measure TEXT;
ALTER TABLE scores ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE scores ADD COLUMN solved INTEGER NOT NULL DEFAULT 0;
CREATE TABLE attempts (
  score_key INTEGER NOT NULL, number INTEGER NOT NULL, score REAL, verdict INTEGER NOT NULL, output TEXT,
  PRIMARY KEY (score_key, number)
) STRICT, WITHOUT ROWID;
ALTER TABLE imports ADD COLUMN origin TEXT;
CREATE TABLE sample_fields (score_key INTEGER PRIMARY KEY, fields TEXT NOT NULL) STRICT;
`,
};
