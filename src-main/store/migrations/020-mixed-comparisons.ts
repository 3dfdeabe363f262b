import type { Migration } from './migrate.ts';

/**
 * Two programs that built comparisons at once could store one's pairs as another's, since the number of a build was given again after it was
 * deleted. Comparisons whose pairs cannot be those of their evaluations are built again.
 */
export const mixedComparisons: Migration = {
  version: 20,
  name: 'mixed-comparisons',
  script: `
CREATE TEMP TABLE mixed AS
  SELECT comparison_key FROM comparisons c
  JOIN evaluations l ON l.evaluation_key = c.left_key JOIN evaluations r ON r.evaluation_key = c.right_key
  WHERE c.state = 'ready' AND (
    json_extract(c.counts, '$.paired') + json_extract(c.counts, '$.unmatchedLeft') <> l.samples
    OR json_extract(c.counts, '$.paired') + json_extract(c.counts, '$.unmatchedRight') <> r.samples);
UPDATE comparisons SET state = 'building', progress = 0, build_key = NULL WHERE comparison_key IN (SELECT comparison_key FROM mixed);
DELETE FROM comparison_builds WHERE comparison_key IN (SELECT comparison_key FROM mixed);
DROP TABLE mixed;`,
};
