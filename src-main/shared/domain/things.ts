import { z } from 'zod';

/** What a workspace holds that a person can name, mark and delete. */
export const thingKinds = [
  'model',
  'dataset',
  'suite',
  'run',
  'evaluation',
  'comparison',
  'guard-set',
  'report',
] as const;
export type ThingKind = (typeof thingKinds)[number];
export const thingKindSchema = z.enum(thingKinds);

export interface Thing {
  kind: ThingKind;
  id: string;
  /** Of a comparison, the name that its two sides make where nobody gave one. */
  name: string;
}

/** What a person wrote next to a thing. Things without any mark are not listed. */
export interface ThingMarks {
  kind: ThingKind;
  id: string;
  note: string;
  tags: string[];
  /** Out of the lists, until asked for. */
  archived: boolean;
}

/** What goes with a thing when it is deleted, and what stays but loses something. */
export interface Dependants {
  deleted: { what: string; count: number }[];
  /** Sentences. */
  kept: string[];
}
