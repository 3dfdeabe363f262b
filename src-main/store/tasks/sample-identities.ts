import type { ReadableDb } from '../database.ts';
import { all, each, sql } from '../database.ts';
import { firstKey } from '../keys.ts';
import { emptyContent, emptyPrompt } from '../texts.ts';
import type { EvaluationColumns } from './evaluation-columns.ts';

/** What an evaluation's samples can be recognized by, in order of their keys. '' if the sample has nothing. */
export interface Identities {
  ids: string[];
  /** Hashes in hex. */
  contents: string[];
  prompts: string[];
}

export function readIdentities(db: ReadableDb, evaluation: EvaluationColumns): Identities {
  const [nothing, noPrompt] = [emptyContent.toString('hex'), emptyPrompt.toString('hex')];
  const identities: Identities = { ids: [], contents: [], prompts: [] };
  for (const row of each<{ id_order: string; content_hash: Buffer; prompt_hash: Buffer }>(
    db,
    sql`SELECT s.id_order, s.content_hash, s.prompt_hash FROM scores x JOIN samples s ON s.sample_key = x.score_key - ${firstKey(evaluation.key)}
        WHERE x.score_key >= ${firstKey(evaluation.key)} AND x.score_key < ${firstKey(evaluation.key + 1)} ORDER BY x.score_key`,
  )) {
    const [content, prompt] = [row.content_hash.toString('hex'), row.prompt_hash.toString('hex')];
    identities.ids.push(row.id_order);
    identities.contents.push(content === nothing ? '' : content);
    identities.prompts.push(prompt === noPrompt ? '' : prompt);
  }
  return identities;
}

/** Targets trimmed and in lower case: tools write “ word”, “Word” and “word”. */
export function readTargets(db: ReadableDb, evaluation: EvaluationColumns): string[] {
  return readTexts(db, evaluation, ({ target }) => (target ?? '').trim().toLowerCase());
}

/** Prompts with each run of blanks reduced to one. */
export function readLoosePrompts(db: ReadableDb, evaluation: EvaluationColumns): string[] {
  return readTexts(db, evaluation, ({ prompt }) => prompt.replace(/\s+/g, ' ').trim());
}

interface Texts {
  prompt: string;
  target: string | null;
}

function readTexts(db: ReadableDb, evaluation: EvaluationColumns, of: (texts: Texts) => string): string[] {
  const found: string[] = [];
  for (const texts of each<Texts>(
    db,
    sql`SELECT t.prompt, t.target FROM scores x JOIN sample_texts t ON t.sample_key = x.score_key - ${firstKey(evaluation.key)}
        WHERE x.score_key >= ${firstKey(evaluation.key)} AND x.score_key < ${firstKey(evaluation.key + 1)} ORDER BY x.score_key`,
  ))
    found.push(of(texts));
  return found;
}

/** Values of a field, '' if a record lacks it; null if all do. */
export function readFields(db: ReadableDb, evaluation: EvaluationColumns, name: string): string[] | null {
  const rows = new Map<number, string>();
  const first = firstKey(evaluation.key);
  for (const { score_key, fields } of each<{ score_key: number; fields: string }>(
    db,
    sql`SELECT score_key, fields FROM sample_fields WHERE score_key >= ${first} AND score_key < ${firstKey(evaluation.key + 1)}`,
  )) {
    const value = (JSON.parse(fields) as Record<string, string>)[name];
    if (value !== undefined) rows.set(score_key - first, value);
  }
  return rows.size === 0 ? null : Array.from(evaluation.sampleKey, (key) => rows.get(key) ?? '');
}

/** Names of the fields that the first records have. */
export function fieldNames(db: ReadableDb, evaluation: Pick<EvaluationColumns, 'key'>): string[] {
  const names = new Set<string>();
  for (const { fields } of all<{ fields: string }>(
    db,
    sql`SELECT fields FROM sample_fields WHERE score_key >= ${firstKey(evaluation.key)}
        AND score_key < ${firstKey(evaluation.key + 1)} LIMIT 50`,
  ))
    for (const name of Object.keys(JSON.parse(fields) as object)) names.add(name);
  return [...names];
}
