import type { Migration } from './migrate.ts';

/** How a model was made of others (JSON). Null for all that were there before, and for models that were not made of others. */
export const mergeRecipes: Migration = {
  version: 18,
  name: 'merge-recipes',
  script: `ALTER TABLE models ADD COLUMN recipe TEXT;`,
};
