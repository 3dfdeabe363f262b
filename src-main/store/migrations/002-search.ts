import type { Migration } from './migrate.ts';

/**
 * Full-text search over prompts and outputs: trigrams for substrings, words for words. The texts are not copied; a row's id is
 * the packed key of the text: evaluation · 2^31 + sample for an output, the sample alone for a prompt.
 * `search_index` says how far each source is indexed (source 0 = prompts); what lies beyond is searched by reading it.
 */
export const searchTables: Migration = {
  version: 2,
  name: 'search',
  script: `
CREATE VIRTUAL TABLE text_trigrams USING fts5 (body, tokenize = 'trigram', content = '', contentless_delete = 1);
CREATE VIRTUAL TABLE text_words USING fts5 (body, tokenize = 'unicode61', content = '', contentless_delete = 1);
CREATE VIRTUAL TABLE text_vocabulary USING fts5vocab (text_words, 'row');
CREATE TABLE search_index (
  source INTEGER PRIMARY KEY, indexed_to INTEGER NOT NULL, complete INTEGER NOT NULL
) STRICT;
CREATE INDEX search_index_open ON search_index (complete) WHERE complete = 0;
INSERT INTO search_index (source, indexed_to, complete)
  SELECT 0, 0, 0 WHERE EXISTS (SELECT 1 FROM comparisons WHERE state = 'ready')
  UNION SELECT left_key, left_key << 31, 0 FROM comparisons WHERE state = 'ready'
  UNION SELECT right_key, right_key << 31, 0 FROM comparisons WHERE state = 'ready';
`,
};
