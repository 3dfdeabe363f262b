import type { Partner } from '../../shared/domain/pairing.ts';
import type { ReadableDb } from '../database.ts';
import { all, each, prepare, sql, value } from '../database.ts';
import { firstKey } from '../keys.ts';
import { emptyContent, emptyPrompt } from '../texts.ts';
import { evaluationKey } from './evaluations.ts';
import { fieldNames } from '../tasks/sample-identities.ts';

/** How many samples of another evaluation are looked up. Evenly spread, they give its share to within a few percent. */
const probes = 256;
/** How many evaluations are looked at, newest first. */
const mostOthers = 300;
/** For a larger evaluation, content hashes are not gathered: it shares keys or nothing. */
const mostHashed = 200_000;

/**
 * How many samples each other evaluation is likely to share with one: by key, by prompt or content, or by ids whose targets
 * agree. Estimated from `probes` samples of each, so that a list can say what a comparison would pair before it exists.
 */
export function partnersOf(db: ReadableDb, evaluationId: string): Partner[] {
  const own = knownOf(db, evaluationKey(db, evaluationId));
  const others = all<{ evaluation_key: number; id: string; samples: number }>(
    db,
    sql`SELECT evaluation_key, id, samples FROM evaluations e WHERE state = 'ready' AND id <> ${evaluationId}
        ORDER BY evaluation_key DESC LIMIT ${mostOthers}`,
  );
  return others.map(({ evaluation_key, id, samples }) => {
    const share = shareOf(db, own, evaluation_key);
    const smaller = Math.min(samples, own.samples);
    const shared = Math.min(smaller, Math.round(share * samples));
    return { evaluationId: id, samples, shared, share: smaller === 0 ? 0 : shared / smaller };
  });
}

interface Known {
  samples: number;
  keys: Set<number>;
  /** Hashes of contents and prompts in hex. */
  hashes: Set<string>;
  /** Sample key by id. */
  ids: Map<string, number>;
}

function knownOf(db: ReadableDb, key: number): Known {
  const known: Known = { samples: 0, keys: new Set(), hashes: new Set(), ids: new Map() };
  for (const { score_key } of each<{ score_key: number }>(
    db,
    sql`SELECT score_key FROM scores WHERE score_key >= ${firstKey(key)} AND score_key < ${firstKey(key + 1)}`,
  ))
    known.keys.add(score_key - firstKey(key));
  known.samples = known.keys.size;
  if (known.samples > mostHashed) return known;
  const identity = identityReader(db);
  for (const sampleKey of known.keys) {
    const { id, hashes } = identity(sampleKey);
    for (const hash of hashes) known.hashes.add(hash);
    known.ids.set(id, sampleKey);
  }
  return known;
}

function identityReader(db: ReadableDb): (sampleKey: number) => { id: string; hashes: string[] } {
  const read = prepare(db, 'SELECT id_order, content_hash, prompt_hash FROM samples WHERE sample_key = ?', 'array');
  const nothing = new Set([emptyContent.toString('hex'), emptyPrompt.toString('hex')]);
  return (sampleKey) => {
    const [id, content, prompt] = read.get(sampleKey) as [string, Buffer, Buffer];
    return { id, hashes: [content.toString('hex'), prompt.toString('hex')].filter((hash) => !nothing.has(hash)) };
  };
}

/** The share of an evaluation's samples that are known. */
function shareOf(db: ReadableDb, own: Known, key: number): number {
  const probed = spread(db, key);
  if (probed.length === 0) return 0;
  const identity = identityReader(db);
  let found = 0;
  let byId = 0;
  let agreeing = 0;
  const targets = new Set<string>();
  for (const sampleKey of probed) {
    if (own.keys.has(sampleKey)) {
      found += 1;
      continue;
    }
    const { id, hashes } = identity(sampleKey);
    if (hashes.some((hash) => own.hashes.has(hash))) {
      found += 1;
      continue;
    }
    const same = own.ids.get(id);
    if (same === undefined) continue;
    byId += 1;
    const target = targetOf(db, sampleKey);
    if (target === '' || target !== targetOf(db, same)) continue;
    agreeing += 1;
    targets.add(target);
  }
  // Ids alone may agree by accident: their targets must agree too, and must tell samples apart.
  const trusted = agreeing >= 0.9 * byId && targets.size >= Math.min(3, byId) ? agreeing : 0;
  return (found + trusted) / probed.length;
}

/** Keys of samples, evenly spread over an evaluation. */
function spread(db: ReadableDb, key: number): number[] {
  const edge = (order: 'first' | 'last'): number | undefined =>
    order === 'first'
      ? value<number>(
          db,
          sql`SELECT score_key FROM scores WHERE score_key >= ${firstKey(key)} AND score_key < ${firstKey(key + 1)} ORDER BY score_key LIMIT 1`,
        )
      : value<number>(
          db,
          sql`SELECT score_key FROM scores WHERE score_key >= ${firstKey(key)} AND score_key < ${firstKey(key + 1)} ORDER BY score_key DESC LIMIT 1`,
        );
  const [first, last] = [edge('first'), edge('last')];
  if (first === undefined || last === undefined) return [];
  const next = prepare(
    db,
    'SELECT score_key FROM scores WHERE score_key >= ? AND score_key <= ? ORDER BY score_key LIMIT 1',
    'value',
  );
  const keys = new Set<number>();
  for (let i = 0; i < probes; i++) {
    const from = first + Math.floor((i * (last - first + 1)) / probes);
    const at = next.get(from, last) as number | undefined;
    if (at !== undefined) keys.add(at - firstKey(key));
  }
  return [...keys];
}

function targetOf(db: ReadableDb, sampleKey: number): string {
  const target = value<string | null>(db, sql`SELECT target FROM sample_texts WHERE sample_key = ${sampleKey}`);
  return (target ?? '').trim().toLowerCase();
}

/** Fields that the first records on both sides of a comparison have, by which it can be paired. */
export function pairFields(db: ReadableDb, leftId: string, rightId: string): string[] {
  const there = new Set(fieldNames(db, { key: evaluationKey(db, rightId) }));
  return fieldNames(db, { key: evaluationKey(db, leftId) }).filter((name) => there.has(name));
}

export const partnerReads = { partnersOf, pairFields };
