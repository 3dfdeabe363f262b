import type { Migration } from './migrate.ts';

/**
 * Words of rows by their first letters too: while somebody types, a word's beginning is looked up instead of merged from the thousands of
 * words that begin so. Everything is indexed again, the first row of older datasets included, which version 9 left out.
 */
export const rowPrefixes: Migration = {
  version: 15,
  name: 'row-prefixes',
  script: `
DROP TABLE row_words;
CREATE VIRTUAL TABLE row_words USING fts5 (
  body, tokenize = 'unicode61 remove_diacritics 2', content = '', contentless_delete = 1, detail = 'none', prefix = '1 2 3'
);
UPDATE row_index SET indexed_to = (dataset_key << 31) - 1, complete = 0;
`,
};
