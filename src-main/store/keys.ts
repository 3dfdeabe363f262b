import { randomBytes } from 'node:crypto';
import type { Id, IdKind } from '../shared/domain/ids.ts';
import { idOf } from '../shared/domain/ids.ts';

/**
 * Rows that belong to an owner (scores to an evaluation, rows to a dataset, events to a run) have one packed integer key:
 * owner · 2^31 + member. They are adjacent on disk, need no second index, and stay exact in a double (below 2^52).
 */
const span = 2 ** 31;
export const maxMembers = span - 1;

export function packKey(owner: number, member: number): number {
  return owner * span + member;
}

export function memberOf(key: number): number {
  return key % span;
}

/** Least packed key of an owner; the owner's keys are `[firstKey(owner), firstKey(owner + 1))`. */
export function firstKey(owner: number): number {
  return owner * span;
}

const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789';

/** The id that a new thing comes with, checked, or a new one. */
export function idFor<Kind extends IdKind>(kind: Kind, given?: string): Id<Kind> {
  return idOf(kind, given ?? newId(kind.replaceAll(' ', '-')));
}

/** An opaque id such as `run-7k3m9qwx2a4b`: 60 random bits, in characters that are not mistaken for each other. */
export function newId(kind: string): string {
  const letters = Array.from(randomBytes(12), (byte) => alphabet.charAt(byte & 31));
  return `${kind}-${letters.join('')}`;
}
