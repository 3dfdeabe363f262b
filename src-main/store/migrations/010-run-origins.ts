import type { Migration } from './migrate.ts';

/** Who trained a run that happened outside this workspace, and where its folder lies: JSON, null for all that were trained here. */
export const runOrigins: Migration = {
  version: 10,
  name: 'run-origins',
  script: `ALTER TABLE runs ADD COLUMN origin TEXT;`,
};
