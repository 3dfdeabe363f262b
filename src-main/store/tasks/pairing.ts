import type { PairBy, PairedBy } from '../../shared/domain/pairing.ts';
import { pairedByNames } from '../../shared/domain/pairing.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { ReadableDb } from '../database.ts';
import type { EvaluationColumns } from './evaluation-columns.ts';
import { leftOver } from './left-over.ts';
import { pairByIds, pairByKeys } from './matching.ts';
import type { IdPairs, Pairs } from './matching.ts';
import { fieldNames, readFields, readIdentities, readTargets, readLoosePrompts } from './sample-identities.ts';
import type { Identities } from './sample-identities.ts';

/** Which left row goes with which right row: positions in the two evaluations' columns, ascending on the left. */
export interface Pairing {
  kind: PairedBy;
  /** Sentences: why this way, what pairs disagree on, what is left over. */
  note: string | null;
  left: Int32Array;
  right: Int32Array;
}

/** One way of pairing that was tried. */
interface Candidate {
  kind: PairedBy;
  pairs: Pairs;
  notes: string[];
}

/**
 * Pairs two evaluations' samples. `auto` uses what pairs most: ids if the contents or at least the targets of the pairs
 * bear them out (two tasks may share ids by accident, and one task's prompts may be rendered by two templates), prompt and
 * target, the prompt alone, prompts ignoring blanks, or a field that tells the records of both sides apart.
 */
export function pairEvaluations(
  db: ReadableDb,
  left: EvaluationColumns,
  right: EvaluationColumns,
  pairBy: PairBy = 'auto',
): Pairing {
  const shared = pairByKey(left.sampleKey, right.sampleKey);
  const smaller = Math.min(left.rows, right.rows);
  if (pairBy === 'auto' && shared.left.length === smaller) {
    return { kind: 'sample-id', note: leftOver(db, left, right, smaller), ...shared };
  }
  const sides: Sides = { db, left, right, leftIds: readIdentities(db, left), rightIds: readIdentities(db, right) };
  const selected = pairBy === 'auto' ? best(sides) : asked(sides, pairBy);
  const rest = leftOver(db, left, right, selected.pairs.left.length);
  const notes = [...selected.notes, ...(rest === null ? [] : [rest])];
  return { kind: selected.kind, note: notes.length === 0 ? null : notes.join(' '), ...sorted(selected.pairs) };
}

interface Sides {
  db: ReadableDb;
  left: EvaluationColumns;
  right: EvaluationColumns;
  leftIds: Identities;
  rightIds: Identities;
}

function asked(sides: Sides, pairBy: Exclude<PairBy, 'auto'>): Candidate {
  switch (pairBy) {
    case 'id': {
      const pairs = pairByIds(sides.leftIds, sides.rightIds);
      return { kind: 'sample-id', pairs, notes: disagreement(pairs) };
    }
    case 'content':
      return contentCandidate(sides);
    case 'prompt':
      return promptCandidate(sides);
    default:
      return fieldCandidate(sides, pairBy.slice('field:'.length));
  }
}

function best(sides: Sides): Candidate {
  const smaller = Math.min(sides.left.rows, sides.right.rows);
  const byId = pairByIds(sides.leftIds, sides.rightIds);
  const trust = trustOf(sides, byId);
  const ids: Candidate = { kind: 'sample-id', pairs: byId, notes: disagreement(byId) };
  const candidates = [...(trust === 'none' ? [] : [ids]), contentCandidate(sides), promptCandidate(sides)];
  const most = (): number => Math.max(...candidates.map(({ pairs }) => pairs.left.length));
  if (most() * 2 < smaller) candidates.push(looseCandidate(sides));
  if (most() * 2 < smaller) candidates.push(...fieldCandidates(sides));
  let selected = candidates[0] as Candidate;
  for (const one of candidates) if (one.pairs.left.length > selected.pairs.left.length) selected = one;
  // Ids of one task, even if no contents agree: still the likeliest reading when nothing else pairs anything.
  if (selected.pairs.left.length === 0 && sides.left.scopeKey === sides.right.scopeKey) return ids;
  return selected === ids ? ids : { ...selected, notes: [...idsSetAside(byId, selected, trust), ...selected.notes] };
}

/** Whether the pairs made by ids are borne out: by their contents, by their targets, or (without contents) by nothing against them. */
function trustOf({ db, left, right }: Sides, pairs: IdPairs): 'content' | 'target' | 'none' {
  if (pairs.left.length === 0) return 'none';
  if (pairs.agreeing * 2 >= pairs.comparable) return 'content';
  const oneScope = left.scopeKey === right.scopeKey;
  const { agreeing, comparable, byChance } = targetAgreement(readTargets(db, left), readTargets(db, right), pairs);
  if (comparable === 0) return 'none';
  const observed = agreeing / comparable;
  // Cohen's kappa above one half. Targets that are all the same prove nothing; within one task the ids are then trusted.
  if (byChance >= 1) return oneScope && observed === 1 ? 'target' : 'none';
  const kappa = (observed - byChance) / (1 - byChance);
  return kappa > 0.5 && (oneScope || comparable >= 10) ? 'target' : 'none';
}

function targetAgreement(
  left: readonly string[],
  right: readonly string[],
  pairs: Pairs,
): { agreeing: number; comparable: number; byChance: number } {
  const counts = { left: new Map<string, number>(), right: new Map<string, number>() };
  let agreeing = 0;
  let comparable = 0;
  pairs.left.forEach((row, i) => {
    const [old, now] = [left[row] ?? '', right[pairs.right[i] ?? 0] ?? ''];
    if (old === '' || now === '') return;
    comparable += 1;
    if (old === now) agreeing += 1;
    counts.left.set(old, (counts.left.get(old) ?? 0) + 1);
    counts.right.set(now, (counts.right.get(now) ?? 0) + 1);
  });
  let byChance = 0;
  for (const [target, count] of counts.left)
    byChance += (count / comparable) * ((counts.right.get(target) ?? 0) / comparable);
  return { agreeing, comparable, byChance };
}

function contentCandidate({ leftIds, rightIds }: Sides): Candidate {
  return { kind: 'content-hash', pairs: pairByKeys(leftIds.contents, rightIds.contents), notes: [] };
}

function promptCandidate({ leftIds, rightIds }: Sides): Candidate {
  const pairs = pairByKeys(leftIds.prompts, rightIds.prompts);
  const differing = pairs.left.filter(
    (row, i) => leftIds.contents[row] !== rightIds.contents[pairs.right[i] ?? 0],
  ).length;
  const notes =
    differing === 0
      ? []
      : [`${count(differing)} of ${count(pairs.left.length)} pairs have their target written differently.`];
  return { kind: 'prompt', pairs, notes };
}

function looseCandidate({ db, left, right }: Sides): Candidate {
  const pairs = pairByKeys(readLoosePrompts(db, left), readLoosePrompts(db, right));
  return { kind: 'prompt', pairs, notes: ['Blanks and line ends of the prompts were set aside.'] };
}

function fieldCandidate({ db, left, right }: Sides, name: string): Candidate {
  const [old, now] = [readFields(db, left, name), readFields(db, right, name)];
  if (old === null || now === null) {
    const there = fieldNames(db, left).filter((field) => fieldNames(db, right).includes(field));
    throw new WorkbenchError('bad-input', `The records of both sides have no field “${name}”.`, {
      remedy: there.length === 0 ? 'Pair by id, content or prompt.' : `Both have: ${there.join(', ')}.`,
      place: { field: 'pair-by' },
    });
  }
  return { kind: 'field', pairs: pairByKeys(old, now), notes: [`Paired by the field “${name}”.`] };
}

/** Fields that both sides have and whose values tell nearly all records apart. */
function fieldCandidates(sides: Sides): Candidate[] {
  const { db, left, right } = sides;
  const there = new Set(fieldNames(db, right));
  return fieldNames(db, left)
    .filter((name) => there.has(name))
    .filter((name) => [left, right].every((side) => isDistinct(readFields(db, side, name) ?? [])))
    .map((name) => fieldCandidate(sides, name));
}

function isDistinct(values: readonly string[]): boolean {
  return new Set(values.filter((value) => value !== '')).size >= 0.9 * values.length;
}

function idsSetAside(byId: IdPairs, selected: Candidate, trust: string): string[] {
  if (selected.pairs.left.length === 0 && byId.left.length === 0) return [];
  if (byId.left.length === 0)
    return [`No id occurs on both sides; samples were paired by ${pairedByNames[selected.kind]}.`];
  const why =
    trust === 'none' ? ', but most of their prompts or targets differ' : `, ${pairedByNames[selected.kind]} pairs more`;
  return [`${count(byId.left.length)} ids occur on both sides${why}.`];
}

function disagreement({ left, agreeing, comparable }: IdPairs): string[] {
  const differing = left.length - agreeing;
  if (differing === 0) return [];
  const template =
    comparable > 0 && agreeing * 2 < comparable
      ? ' (another chat template, or other examples in front of the question?)'
      : '';
  return [
    `${count(differing)} of ${count(left.length)} pairs have a different prompt or target on the two sides${template}.`,
  ];
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** Both ascend, so one pass is enough. */
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

function sorted({ left, right }: Pairs): { left: Int32Array; right: Int32Array } {
  const order = Int32Array.from(left, (_, i) => i).sort((a, b) => (left[a] ?? 0) - (left[b] ?? 0));
  return { left: Int32Array.from(order, (i) => left[i] ?? 0), right: Int32Array.from(order, (i) => right[i] ?? 0) };
}
