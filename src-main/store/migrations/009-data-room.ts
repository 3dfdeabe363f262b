import type { Migration } from './migrate.ts';

/**
 * What is known of datasets. `parent_id`: the dataset that a version was made of, by the steps of `recipe` (JSON). `licence` as the source
 * names it. A check is kept by its settings (JSON, names and digests); its columns have one number per row. `row_words` finds rows of big
 * datasets by words, without keeping their texts; a row's id is its key, and `row_index` says how far each dataset is indexed.
 */
export const dataRoom: Migration = {
  version: 9,
  name: 'data-room',
  script: `
ALTER TABLE datasets ADD COLUMN parent_id TEXT;
ALTER TABLE datasets ADD COLUMN recipe TEXT;
ALTER TABLE datasets ADD COLUMN licence TEXT;
CREATE TABLE dataset_checks (
  check_key INTEGER PRIMARY KEY, dataset_key INTEGER NOT NULL REFERENCES datasets, settings TEXT NOT NULL, summary TEXT NOT NULL,
  tag_sets TEXT NOT NULL, overlaps TEXT NOT NULL, created_at INTEGER NOT NULL, UNIQUE (dataset_key, settings)
) STRICT;
CREATE TABLE dataset_columns (
  check_key INTEGER NOT NULL REFERENCES dataset_checks ON DELETE CASCADE, name TEXT NOT NULL, data BLOB NOT NULL,
  PRIMARY KEY (check_key, name)
) STRICT;
-- Rows that somebody marked; row_key as in dataset_rows.
CREATE TABLE marked_rows (row_key INTEGER PRIMARY KEY) STRICT;
CREATE VIRTUAL TABLE row_words USING fts5 (
  body, tokenize = 'unicode61 remove_diacritics 2', content = '', contentless_delete = 1, detail = 'none'
);
CREATE TABLE row_index (dataset_key INTEGER PRIMARY KEY, indexed_to INTEGER NOT NULL, complete INTEGER NOT NULL) STRICT;
CREATE INDEX row_index_open ON row_index (complete) WHERE complete = 0;
INSERT INTO row_index (dataset_key, indexed_to, complete)
  SELECT dataset_key, dataset_key << 31, 0 FROM datasets WHERE state = 'ready' AND rows >= 20000;
`,
};
