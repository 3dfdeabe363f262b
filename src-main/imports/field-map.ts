import { WorkbenchError } from '../shared/domain/errors.ts';
import type { SuiteKind } from '../shared/domain/evaluations.ts';
import { type FieldPath, fieldPaths, type Lookup, lookUp, parseFieldPath } from './field-path.ts';
import type { ImportPurpose } from './types.ts';

export const mapFields = [
  'id',
  'prompt',
  'output',
  'target',
  'correct',
  'score',
  'slice',
  'cluster',
  'tags',
  'resultTags',
  'chosen',
  'rejected',
  'completion',
  'label',
  'text',
  'options',
  'answer',
] as const;
export type MapField = (typeof mapFields)[number];

/** Field of the row → path in the source. `id: null` refuses the source's ids: ids are then made of content. */
export type FieldMap = Partial<Record<Exclude<MapField, 'id'>, string>> & { id?: string | null };

export const evaluationFields: readonly MapField[] = [
  'id',
  'prompt',
  'output',
  'target',
  'correct',
  'score',
  'slice',
  'cluster',
  'tags',
  'resultTags',
];
export const datasetFields: readonly MapField[] = [
  'id',
  'prompt',
  'chosen',
  'rejected',
  'completion',
  'label',
  'text',
  'target',
  'tags',
];
export const suiteFields: Record<SuiteKind, readonly MapField[]> = {
  pairs: ['id', 'prompt', 'chosen', 'rejected', 'slice'],
  cloze: ['id', 'prompt', 'target', 'slice'],
  words: ['id', 'prompt', 'text', 'slice'],
  choice: ['id', 'prompt', 'options', 'answer', 'slice'],
  generate: ['id', 'prompt', 'target', 'slice'],
  outputs: ['id', 'prompt', 'target', 'slice'],
};

export function acceptedFields(purpose: ImportPurpose, kind: SuiteKind | undefined): readonly MapField[] {
  if (purpose === 'evaluation') return evaluationFields;
  if (purpose === 'dataset') return datasetFields;
  return kind === undefined ? [] : suiteFields[kind];
}

/**
 * Reads `prompt=question,correct=a.b` (commas between pairs, or one pair a string) into a map. `id=` alone means `id: null`.
 * @throws WorkbenchError `bad-input` naming what is accepted.
 */
export function parseFieldMap(text: string | readonly string[], accepted: readonly MapField[] = mapFields): FieldMap {
  const map: FieldMap = {};
  const pairs = (typeof text === 'string' ? [text] : text).flatMap(splitPairs);
  for (const pair of pairs) {
    const split = pair.indexOf('=');
    const name = (split === -1 ? pair : pair.slice(0, split)).trim();
    const path = split === -1 ? '' : pair.slice(split + 1).trim();
    const field = accepted.find((candidate) => candidate === name);
    if (field === undefined) throw unknownField(name, accepted);
    if (Object.hasOwn(map, field)) throw badMap(`The mapping names “${field}” twice.`);
    if (path === '' && (split === -1 || field !== 'id')) throw badMap(`The mapping gives no path for “${field}”.`);
    if (path === '') map.id = null;
    else map[field] = parseFieldPath(path).text;
  }
  return map;
}

/** The map as text that `parseFieldMap` reads back. */
export function formatFieldMap(map: FieldMap): string {
  return Object.entries(map)
    .map(([field, path]) => `${field}=${path ?? ''}`)
    .join(',');
}

/** Splits at commas that are outside quotes and brackets. */
function splitPairs(text: string): string[] {
  const parts = text.match(/(?:\["(?:[^"\\]|\\.)*"\]|[^,])+/g) ?? [];
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}

function unknownField(name: string, accepted: readonly MapField[]): WorkbenchError {
  return badMap(`The mapping names an unknown field “${name}”; accepted are ${accepted.join(', ')}.`);
}

function badMap(message: string): WorkbenchError {
  return new WorkbenchError('bad-input', message, { remedy: 'Write field=path, field=path, …' });
}

/** A map ready to be applied to records. It remembers which paths were found and which fields the records have. */
export class Mapping {
  readonly #paths = new Map<MapField, FieldPath>();
  readonly #found = new Set<MapField>();
  readonly #sample: unknown[] = [];
  readonly refusesIds: boolean;
  /** What is before the fraction in numbers that are texts. */
  readonly decimal: 'point' | 'comma';

  constructor(map: FieldMap, accepted: readonly MapField[], decimal: 'point' | 'comma' = 'point') {
    this.decimal = decimal;
    this.refusesIds = map.id === null;
    for (const [name, path] of Object.entries(map)) {
      const field = accepted.find((candidate) => candidate === name);
      if (field === undefined) throw unknownField(name, accepted);
      if (path !== null) this.#paths.set(field, parseFieldPath(path));
    }
  }

  has(field: MapField): boolean {
    return this.#paths.has(field);
  }

  /** Path of a field as it was written, for messages. */
  pathOf(field: MapField): string {
    return this.#paths.get(field)?.text ?? field;
  }

  /** The value a record has for a field; not found as well when the map leaves the field out. */
  look(record: unknown, field: MapField): Lookup {
    const path = this.#paths.get(field);
    if (path === undefined) return { found: false };
    const result = lookUp(record, path);
    if (result.found) this.#found.add(field);
    return result;
  }

  value(record: unknown, field: MapField): unknown {
    const result = this.look(record, field);
    return result.found ? result.value : undefined;
  }

  /** Keeps the first records, so that `verify` can name the fields there are. */
  remember(record: unknown): void {
    if (this.#sample.length < 20) this.#sample.push(record);
  }

  /** @throws WorkbenchError when a path was found in no record, naming the fields that exist. */
  verify(file: string): void {
    if (this.#sample.length === 0) return;
    for (const [field, path] of this.#paths) {
      // A record that was refused for another field may have it.
      if (this.#found.has(field) || this.#sample.some((record) => lookUp(record, path).found)) continue;
      throw new WorkbenchError(
        'bad-input',
        `No record of ${file} has “${path.text}”, which the mapping wants for ${field}.`,
        {
          remedy: `The records have: ${fieldPaths(this.#sample).join(', ')}.`,
          place: { file, field: path.text },
        },
      );
    }
  }
}
