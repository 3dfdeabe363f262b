import type { Migration } from './migrate.ts';

/** A run that came to its end is called finished, as its last event is. */
export const finishedRuns: Migration = {
  version: 13,
  name: 'finished-runs',
  script: `UPDATE runs SET status = 'finished' WHERE status = 'completed';`,
};
