import type { ReadableDb } from '../database.ts';
import { inSnapshot, one, sql } from '../database.ts';
import { refuseForeign } from '../migrations/migrate.ts';

/** Pages up to which everything is checked; above, the check skips the indexes' contents (about ten times faster). */
const fullCheckPages = 50_000;

/** “ok”, or what is wrong, in SQLite's words. */
export function checkIntegrity(db: ReadableDb): string {
  const pages = one<{ page_count: number }>(db, sql`PRAGMA page_count`)?.page_count ?? 0;
  const check = pages > fullCheckPages ? 'quick_check' : 'integrity_check';
  return inSnapshot(db, () => {
    const problems = db.raw.prepare(`PRAGMA ${check}(20)`).pluck().all() as string[];
    return problems.join('; ');
  });
}

/** For a database of unknown origin: checks first that it is a workspace at all, then everything. */
export function checkFile(db: ReadableDb): string {
  refuseForeign(db);
  return checkIntegrity(db);
}
