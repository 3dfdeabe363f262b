import type { ComparisonRecord } from '../../shared/domain/flip-view.ts';
import type { ReadableDb } from '../database.ts';
import { each, sql } from '../database.ts';
import { firstKey } from '../keys.ts';
import { emptyContent } from '../texts.ts';
import type { EvaluationColumns } from './evaluation-columns.ts';

/** Which left row goes with which right row: positions in the two evaluations' columns, ascending on the left. */
export interface Pairing {
  kind: ComparisonRecord['pairing'];
  /** A sentence where the plain rule did not hold. */
  note: string | null;
  left: Int32Array;
  right: Int32Array;
}

/**
 * Pairs by sample id where the contents of most id pairs agree, else by content. Two imports of one task share ids; two
 * different tasks may share ids by accident, and then only equal contents belong together.
 */
export function pairEvaluations(db: ReadableDb, left: EvaluationColumns, right: EvaluationColumns): Pairing {
  const shared = pairByKey(left.sampleKey, right.sampleKey);
  if (shared.left.length === Math.min(left.rows, right.rows)) return { kind: 'sample-id', note: null, ...shared };
  const leftIds = readIdentities(db, left);
  const rightIds = readIdentities(db, right);
  const byId = pairById(leftIds, rightIds);
  if (byId.left.length > 0 && byId.agreeing * 2 >= byId.comparable) {
    return { kind: 'sample-id', note: disagreement(byId), ...sorted(byId) };
  }
  const byContent = pairByContent(leftIds, rightIds);
  if (byContent.left.length > 0 || left.scopeKey !== right.scopeKey) {
    const note =
      byId.left.length === 0
        ? null
        : `${byId.left.length} ids occur on both sides, but most of their prompts or targets differ`;
    return { kind: 'content-hash', note, ...sorted(byContent) };
  }
  return { kind: 'sample-id', note: disagreement(byId), ...sorted(byId) };
}

interface Pairs {
  left: number[] | Int32Array;
  right: number[] | Int32Array;
}

/** Both ascend: one pass. */
function pairByKey(left: Int32Array, right: Int32Array): { left: Int32Array; right: Int32Array } {
  const most = Math.min(left.length, right.length);
  const pairs = { left: new Int32Array(most), right: new Int32Array(most) };
  let count = 0;
  for (let i = 0, j = 0; i < left.length && j < right.length;) {
    const difference = (left[i] ?? 0) - (right[j] ?? 0);
    if (difference === 0) {
      pairs.left[count] = i++;
      pairs.right[count++] = j++;
    } else if (difference < 0) i++;
    else j++;
  }
  return { left: pairs.left.slice(0, count), right: pairs.right.slice(0, count) };
}

interface Identities {
  ids: string[];
  /** Content hash in hex; '' where the content says nothing. */
  contents: string[];
}

function readIdentities(db: ReadableDb, evaluation: EvaluationColumns): Identities {
  const nothing = emptyContent.toString('hex');
  const identities: Identities = { ids: [], contents: [] };
  for (const row of each<{ id_order: string; content_hash: Buffer }>(
    db,
    sql`SELECT s.id_order, s.content_hash FROM scores x JOIN samples s ON s.sample_key = x.score_key - ${firstKey(evaluation.key)}
        WHERE x.score_key >= ${firstKey(evaluation.key)} AND x.score_key < ${firstKey(evaluation.key + 1)} ORDER BY x.score_key`,
  )) {
    const content = row.content_hash.toString('hex');
    identities.ids.push(row.id_order);
    identities.contents.push(content === nothing ? '' : content);
  }
  return identities;
}

interface IdPairs extends Pairs {
  left: number[];
  right: number[];
  agreeing: number;
  /** Pairs where both sides have content. */
  comparable: number;
}

/** Equal id and content first, then the rest by id alone. */
function pairById(left: Identities, right: Identities): IdPairs {
  const whole = matcher(right.ids.map((id, i) => `${id}\u0000${right.contents[i]}`));
  const pairs: IdPairs = { left: [], right: [], agreeing: 0, comparable: 0 };
  const usedRight = new Set<number>();
  const rest: number[] = [];
  left.ids.forEach((id, i) => {
    const j = whole(`${id}\u0000${left.contents[i]}`);
    if (j === undefined) rest.push(i);
    else {
      pairs.left.push(i);
      pairs.right.push(j);
      usedRight.add(j);
      pairs.agreeing++;
      pairs.comparable++;
    }
  });
  const byId = matcher(right.ids, usedRight);
  for (const i of rest) {
    const j = byId(left.ids[i] ?? '');
    if (j === undefined) continue;
    pairs.left.push(i);
    pairs.right.push(j);
    if (left.contents[i] !== '' && right.contents[j] !== '') pairs.comparable++;
  }
  return pairs;
}

function pairByContent(left: Identities, right: Identities): Pairs & { left: number[]; right: number[] } {
  const find = matcher(right.contents, new Set(), '');
  const pairs = { left: [] as number[], right: [] as number[] };
  left.contents.forEach((content, i) => {
    const j = content === '' ? undefined : find(content);
    if (j === undefined) return;
    pairs.left.push(i);
    pairs.right.push(j);
  });
  return pairs;
}

/** Finds each position once, in order: the k-th of equal keys on one side meets the k-th on the other. */
function matcher(
  keys: readonly string[],
  used: ReadonlySet<number> = new Set(),
  ignored?: string,
): (key: string) => number | undefined {
  const waiting = new Map<string, number | number[]>();
  for (let i = keys.length - 1; i >= 0; i--) {
    const key = keys[i] ?? '';
    if (used.has(i) || key === ignored) continue;
    const before = waiting.get(key);
    if (before === undefined) waiting.set(key, i);
    else if (typeof before === 'number') waiting.set(key, [before, i]);
    else before.push(i);
  }
  return (key) => {
    const found = waiting.get(key);
    if (typeof found !== 'object') {
      waiting.delete(key);
      return found;
    }
    const next = found.pop();
    if (found.length === 0) waiting.delete(key);
    return next;
  };
}

function disagreement({ left, agreeing }: IdPairs): string | null {
  const differing = left.length - agreeing;
  return differing === 0
    ? null
    : `${differing} of ${left.length} pairs have a different prompt or target on the two sides`;
}

function sorted({ left, right }: Pairs): { left: Int32Array; right: Int32Array } {
  const order = Int32Array.from(left, (_, i) => i).sort((a, b) => (left[a] ?? 0) - (left[b] ?? 0));
  return { left: Int32Array.from(order, (i) => left[i] ?? 0), right: Int32Array.from(order, (i) => right[i] ?? 0) };
}
