import type { Migration } from './migrate.ts';

/** Where a model came from on the Hub (JSON), and the model that an adapter sits on. Null for all that were there before. */
export const modelSources: Migration = {
  version: 4,
  name: 'model-sources',
  script: `
ALTER TABLE models ADD COLUMN source TEXT;
ALTER TABLE models ADD COLUMN base_id TEXT;
`,
};
