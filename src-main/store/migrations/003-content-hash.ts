import type { FrozenRow } from './003-hashing.ts';
import { frozenContentHash, frozenPromptHash, frozenRowHash, frozenRowPromptHash } from './003-hashing.ts';
import type { Migration } from './migrate.ts';

/**
 * Hashes of contents by the one rule of `content-hash.ts`; before, the store took texts as they were, so that composed and
 * decomposed letters did not pair. What is hashed is in the database: every hash is computed again.
 * Two samples of one id that were told apart by nothing but this keep to themselves: the second keeps its old hash.
 * Comparisons stay as they were built; the next build pairs by the new hashes.
 */
export const oneContentHash: Migration = {
  version: 3,
  name: 'content-hash',
  functions: {
    hash_content: (prompt: string, target: string | null) => frozenContentHash(prompt, target),
    hash_prompt: (prompt: string) => frozenPromptHash(prompt),
    hash_row_content: (body: string) => frozenRowHash(JSON.parse(body) as FrozenRow),
    hash_row_prompt: (body: string) => frozenRowPromptHash(JSON.parse(body) as FrozenRow),
  },
  script: `
UPDATE OR IGNORE samples SET content_hash = hash_content(t.prompt, t.target), prompt_hash = hash_prompt(t.prompt)
  FROM sample_texts t WHERE t.sample_key = samples.sample_key;
UPDATE dataset_rows SET content_hash = hash_row_content(body), prompt_hash = hash_row_prompt(body);
-- Of training samples whose row is gone nothing is left to hash.
UPDATE trained_samples SET content_hash = NULL, prompt_hash = NULL;
UPDATE trained_samples SET content_hash = s.content_hash, prompt_hash = s.prompt_hash
  FROM samples s WHERE s.sample_key = CAST(substr(trained_samples.row_id, 8) AS INTEGER)
    AND trained_samples.row_id = 'sample-' || s.sample_key;
UPDATE trained_samples SET content_hash = d.content_hash, prompt_hash = d.prompt_hash
  FROM runs r JOIN datasets e ON e.id = r.dataset_id JOIN dataset_rows d ON d.dataset_key = e.dataset_key
  WHERE r.run_key = trained_samples.run_key AND d.row_id = trained_samples.row_id;
`,
};
