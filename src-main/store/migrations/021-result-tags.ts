import type { Migration } from './migrate.ts';

/**
 * Tags that an import gives one result (`error`, `content-filter`), by evaluation × sample, next to `sample_tags`, which hold wherever the
 * sample is. Tags from before stay with their samples: who set them was not kept.
 */
export const resultTags: Migration = {
  version: 21,
  name: 'result-tags',
  script: `
CREATE TABLE result_tags (
  score_key INTEGER NOT NULL, name_key INTEGER NOT NULL REFERENCES names, PRIMARY KEY (score_key, name_key)
) STRICT, WITHOUT ROWID;`,
};
