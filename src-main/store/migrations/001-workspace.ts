import type { Migration } from './migrate.ts';

/**
 * The first tables. Times are ms since epoch. `*_key` are integers for joining, `id` what the rest of the program uses.
 * Packed keys (owner · 2^31 + member, `keys.ts`): dataset_rows, suite_items, scores, outputs, run_*, guard_set_rows.
 * Samples and evaluations are AUTOINCREMENT: a key that was used once never means something else later.
 * Verdicts: 0 none, 1 right, 2 wrong, 3 tie.
 */
export const workspaceTables: Migration = {
  version: 1,
  name: 'workspace',
  script: `
CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
-- How often each program wrote to each list; another program's count moving is how a change is noticed.
CREATE TABLE change_marks (
  writer TEXT NOT NULL, list TEXT NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (writer, list)
) STRICT, WITHOUT ROWID;
-- Texts that repeat (clusters, tags), stored once.
CREATE TABLE names (name_key INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
-- Distinct lists of slices, as JSON arrays; a score names its list.
CREATE TABLE slice_sets (set_key INTEGER PRIMARY KEY, names TEXT NOT NULL UNIQUE) STRICT;

CREATE TABLE imports (
  import_key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, target TEXT NOT NULL, name TEXT NOT NULL, source TEXT NOT NULL,
  sha256 TEXT NOT NULL, tool TEXT NOT NULL, tool_version TEXT, accepted INTEGER NOT NULL, rejected INTEGER NOT NULL,
  problems TEXT NOT NULL, created_at INTEGER NOT NULL, undone_at INTEGER
) STRICT;
CREATE TABLE models (
  model_key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, path TEXT NOT NULL, family TEXT NOT NULL,
  parameters INTEGER NOT NULL, size_bytes INTEGER NOT NULL, sha256 TEXT NOT NULL, origin TEXT NOT NULL,
  created_at INTEGER NOT NULL, state TEXT NOT NULL
) STRICT;

-- state: receiving (not shown; owner = the program that writes it), ready, removed (not shown; being emptied).
CREATE TABLE datasets (
  dataset_key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, kind TEXT NOT NULL,
  rows INTEGER NOT NULL DEFAULT 0, sha256 TEXT NOT NULL DEFAULT '', import_key INTEGER REFERENCES imports,
  statistics TEXT NOT NULL DEFAULT '{}', created_at INTEGER NOT NULL, state TEXT NOT NULL, owner TEXT
) STRICT;
CREATE TABLE dataset_rows (
  row_key INTEGER PRIMARY KEY, dataset_key INTEGER NOT NULL REFERENCES datasets, row_id TEXT NOT NULL,
  content_hash BLOB NOT NULL, prompt_hash BLOB NOT NULL, body TEXT NOT NULL, UNIQUE (dataset_key, row_id)
) STRICT;
CREATE TABLE suites (
  suite_key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, kind TEXT NOT NULL, settings TEXT NOT NULL,
  items INTEGER NOT NULL DEFAULT 0, sha256 TEXT NOT NULL DEFAULT '', origin TEXT NOT NULL,
  import_key INTEGER REFERENCES imports, created_at INTEGER NOT NULL, state TEXT NOT NULL, owner TEXT
) STRICT;
CREATE TABLE suite_items (
  item_key INTEGER PRIMARY KEY, suite_key INTEGER NOT NULL REFERENCES suites, item_id TEXT NOT NULL, body TEXT NOT NULL,
  UNIQUE (suite_key, item_id)
) STRICT;

CREATE TABLE runs (
  run_key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, status TEXT NOT NULL, spec TEXT NOT NULL,
  model_id TEXT NOT NULL, dataset_id TEXT NOT NULL, guard_set_id TEXT, parent_run_id TEXT, relation TEXT, sweep_id TEXT,
  folder TEXT NOT NULL, backend TEXT, step INTEGER NOT NULL DEFAULT 0, total_steps INTEGER, error TEXT,
  created_at INTEGER NOT NULL, started_at INTEGER, ended_at INTEGER, last_seq INTEGER NOT NULL DEFAULT 0,
  tags TEXT NOT NULL, note TEXT NOT NULL,
  metric_names TEXT NOT NULL DEFAULT '[]', sample_metric_names TEXT NOT NULL DEFAULT '[]'
) STRICT;
CREATE TABLE checkpoints (
  checkpoint_key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, run_key INTEGER NOT NULL REFERENCES runs,
  step INTEGER NOT NULL, path TEXT NOT NULL, kind TEXT NOT NULL, size_bytes INTEGER NOT NULL, sha256 TEXT NOT NULL,
  state TEXT NOT NULL, created_at INTEGER NOT NULL, UNIQUE (run_key, step)
) STRICT;
-- member = the event's seq
CREATE TABLE run_steps (
  step_key INTEGER PRIMARY KEY, at INTEGER NOT NULL, step INTEGER NOT NULL, epoch REAL NOT NULL, metrics BLOB
) STRICT;
CREATE TABLE run_step_samples (step_key INTEGER PRIMARY KEY, samples BLOB NOT NULL) STRICT;
CREATE TABLE run_events (event_key INTEGER PRIMARY KEY, at INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
-- What became of each training sample of a run; steps = the seqs that used it, uint32 each.
CREATE TABLE trained_samples (
  trained_key INTEGER PRIMARY KEY, run_key INTEGER NOT NULL REFERENCES runs, row_id TEXT NOT NULL,
  content_hash BLOB, prompt_hash BLOB, uses INTEGER NOT NULL, fired INTEGER, steps BLOB NOT NULL, UNIQUE (run_key, row_id)
) STRICT;
CREATE INDEX trained_by_content ON trained_samples (content_hash) WHERE content_hash IS NOT NULL;
CREATE INDEX trained_by_prompt ON trained_samples (prompt_hash) WHERE prompt_hash IS NOT NULL;

-- Where sample ids mean the same thing: the name of a suite or task.
CREATE TABLE scopes (scope_key INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
-- A sample is an id with a content in a scope. id_order sorts ids as people count and tells them apart.
CREATE TABLE samples (
  sample_key INTEGER PRIMARY KEY AUTOINCREMENT, scope_key INTEGER NOT NULL REFERENCES scopes, external_id TEXT NOT NULL,
  id_order TEXT NOT NULL, content_hash BLOB NOT NULL, prompt_hash BLOB NOT NULL, UNIQUE (scope_key, id_order, content_hash)
) STRICT;
CREATE TABLE sample_texts (
  sample_key INTEGER PRIMARY KEY REFERENCES samples, prompt TEXT NOT NULL, target TEXT
) STRICT;
CREATE TABLE sample_tags (
  sample_key INTEGER NOT NULL REFERENCES samples, name_key INTEGER NOT NULL REFERENCES names,
  PRIMARY KEY (sample_key, name_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE evaluations (
  evaluation_key INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
  scope_key INTEGER NOT NULL REFERENCES scopes, suite_id TEXT, suite_kind TEXT, run_key INTEGER REFERENCES runs,
  checkpoint_id TEXT, model_id TEXT, step INTEGER, samples INTEGER NOT NULL DEFAULT 0, right_count INTEGER NOT NULL DEFAULT 0,
  wrong_count INTEGER NOT NULL DEFAULT 0, tie_count INTEGER NOT NULL DEFAULT 0, missing_count INTEGER NOT NULL DEFAULT 0,
  mean_score REAL, summary TEXT NOT NULL DEFAULT '{}', decoding TEXT, import_key INTEGER REFERENCES imports,
  created_at INTEGER NOT NULL, metric_names TEXT NOT NULL DEFAULT '[]', state TEXT NOT NULL, owner TEXT
) STRICT;
CREATE INDEX evaluations_by_run ON evaluations (run_key, step);
CREATE INDEX evaluations_by_scope ON evaluations (scope_key, created_at);
CREATE INDEX evaluations_by_checkpoint ON evaluations (checkpoint_id) WHERE checkpoint_id IS NOT NULL;
CREATE INDEX evaluations_by_suite ON evaluations (suite_id) WHERE suite_id IS NOT NULL;
-- member = sample_key; length = characters of the output; slice_set and cluster: 0 = none
CREATE TABLE scores (
  score_key INTEGER PRIMARY KEY, score REAL, verdict INTEGER NOT NULL, length INTEGER NOT NULL,
  slice_set INTEGER NOT NULL, cluster INTEGER NOT NULL, metrics BLOB
) STRICT;
CREATE TABLE outputs (score_key INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;

-- build_key: the build whose columns are shown; null until the first is complete.
CREATE TABLE comparisons (
  comparison_key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
  left_key INTEGER NOT NULL REFERENCES evaluations, right_key INTEGER NOT NULL REFERENCES evaluations,
  rule TEXT NOT NULL, pairing TEXT NOT NULL DEFAULT 'sample-id', pairing_note TEXT, state TEXT NOT NULL,
  progress REAL NOT NULL DEFAULT 0, error TEXT, counts TEXT NOT NULL, build_key INTEGER,
  left_repeat_key INTEGER REFERENCES evaluations ON DELETE SET NULL,
  right_repeat_key INTEGER REFERENCES evaluations ON DELETE SET NULL,
  created_at INTEGER NOT NULL, UNIQUE (left_key, right_key, rule)
) STRICT;
CREATE INDEX comparisons_by_right ON comparisons (right_key);
CREATE INDEX comparisons_by_left_repeat ON comparisons (left_repeat_key) WHERE left_repeat_key IS NOT NULL;
CREATE INDEX comparisons_by_right_repeat ON comparisons (right_repeat_key) WHERE right_repeat_key IS NOT NULL;
CREATE TABLE comparison_builds (
  build_key INTEGER PRIMARY KEY, comparison_key INTEGER NOT NULL REFERENCES comparisons ON DELETE CASCADE,
  owner TEXT NOT NULL, rows INTEGER NOT NULL DEFAULT 0, started_at INTEGER NOT NULL
) STRICT;
CREATE INDEX builds_by_comparison ON comparison_builds (comparison_key);
-- Paired samples by column, in ranges of rows (\`views/columns.ts\`): arrays, so that a million pairs load in tens of ms.
CREATE TABLE comparison_columns (
  build_key INTEGER NOT NULL REFERENCES comparison_builds ON DELETE CASCADE, name TEXT NOT NULL, range INTEGER NOT NULL,
  data BLOB NOT NULL, UNIQUE (build_key, name, range)
) STRICT;
CREATE TABLE annotations (
  comparison_key INTEGER NOT NULL REFERENCES comparisons ON DELETE CASCADE, sample_key INTEGER NOT NULL, label INTEGER,
  note TEXT NOT NULL, left_verdict INTEGER NOT NULL, right_verdict INTEGER NOT NULL, reviewed INTEGER NOT NULL,
  changed_at INTEGER NOT NULL, PRIMARY KEY (comparison_key, sample_key)
) STRICT, WITHOUT ROWID;
CREATE TABLE undo_entries (
  undo_key INTEGER PRIMARY KEY, token TEXT NOT NULL UNIQUE, comparison_key INTEGER NOT NULL REFERENCES comparisons ON DELETE CASCADE,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX undo_by_comparison ON undo_entries (comparison_key);

CREATE TABLE guard_sets (
  guard_key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, note TEXT NOT NULL, comparison_id TEXT,
  samples INTEGER NOT NULL, skipped INTEGER NOT NULL, created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE guard_set_rows (row_key INTEGER PRIMARY KEY, sample_key INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE saved_filters (
  filter_key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, query TEXT NOT NULL, created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE reports (
  report_key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, title TEXT NOT NULL, format TEXT NOT NULL, subject TEXT NOT NULL,
  file_name TEXT NOT NULL, size_bytes INTEGER NOT NULL, created_at INTEGER NOT NULL
) STRICT;
`,
};
