import type { NewRecord } from '../api.ts';
import type { ImportRecord } from '../../shared/domain/entities.ts';
import { idOf } from '../../shared/domain/ids.ts';
import type { ReadableDb, WritableDb } from '../database.ts';
import { all, one, run, sql } from '../database.ts';
import { idFor } from '../keys.ts';

interface ImportRow {
  import_key: number;
  id: string;
  target: ImportRecord['target'];
  name: string;
  source: string;
  sha256: string;
  tool: string;
  tool_version: string | null;
  accepted: number;
  rejected: number;
  problems: string;
  decisions: string;
  created_at: number;
  undone_at: number | null;
}

export function listImports(db: ReadableDb): ImportRecord[] {
  return all<ImportRow>(db, sql`SELECT * FROM imports ORDER BY import_key DESC`).map(importOf);
}

export function getImport(db: ReadableDb, id: string): ImportRecord | null {
  const row = one<ImportRow>(db, sql`SELECT * FROM imports WHERE id = ${id}`);
  return row === undefined ? null : importOf(row);
}

export function findImport(db: ReadableDb, id: string): (ImportRecord & { key: number }) | undefined {
  const row = one<ImportRow>(db, sql`SELECT * FROM imports WHERE id = ${id}`);
  return row === undefined ? undefined : { ...importOf(row), key: row.import_key };
}

/** The provenance of one source; written together with what it brought in. */
export function addImport(db: WritableDb, record: NewRecord<ImportRecord>, origin: string | null = null): number {
  return run(
    db,
    sql`INSERT INTO imports (id, target, name, source, sha256, tool, tool_version, accepted, rejected, problems, decisions, created_at, undone_at, origin)
        VALUES (${idFor('import', record.id)}, ${record.target}, ${record.name}, ${record.source}, ${record.sha256},
                ${record.tool}, ${record.toolVersion}, ${record.accepted}, ${record.rejected},
                ${JSON.stringify(record.problems)}, ${JSON.stringify(record.decisions ?? [])}, ${Date.now()}, ${record.undoneAt ?? null}, ${origin})`,
  ).key;
}

/** Another part of a source that is already in. */
export function addToImport(
  db: WritableDb,
  known: ImportRecord & { key: number },
  more: Pick<ImportRecord, 'sha256' | 'accepted' | 'rejected' | 'problems'>,
): number {
  const hashes = new Set([...known.sha256.split(' '), ...more.sha256.split(' ')].filter((hash) => hash !== ''));
  run(
    db,
    sql`UPDATE imports SET accepted = ${known.accepted + more.accepted}, rejected = ${known.rejected + more.rejected},
          sha256 = ${[...hashes].join(' ')}, problems = ${JSON.stringify([...known.problems, ...more.problems])}
        WHERE import_key = ${known.key}`,
  );
  return known.key;
}

function importOf(row: ImportRow): ImportRecord {
  return {
    id: idOf('import', row.id),
    target: row.target,
    name: row.name,
    source: row.source,
    sha256: row.sha256,
    tool: row.tool,
    toolVersion: row.tool_version,
    accepted: row.accepted,
    rejected: row.rejected,
    problems: JSON.parse(row.problems) as ImportRecord['problems'],
    ...(row.decisions === '[]' ? {} : { decisions: JSON.parse(row.decisions) as string[] }),
    createdAt: row.created_at,
    undoneAt: row.undone_at,
  };
}

/** Where an import's source was, as JSON; it stays on this side of the program. */
export function importOrigin(db: ReadableDb, id: string): string | null {
  return one<{ origin: string | null }>(db, sql`SELECT origin FROM imports WHERE id = ${id}`)?.origin ?? null;
}

export const importReads = { listImports, getImport, importOrigin };
