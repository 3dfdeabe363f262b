import { z } from 'zod';
import { runSpecSchema } from '../../shared/domain/run-spec.ts';

/** JSON Schema of what a person writes (defaults may be left out): feeds the launch form and the reference page. */
export function runSpecJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(runSpecSchema, { io: 'input' }) };
}

/** Made once: a text with a thousand unknown keys asks a thousand times. */
let inputSchema: Record<string, unknown> | null = null;

/** The keys an object of the spec accepts, in order; those of every variant where there are several. */
export function acceptedKeys(path: readonly PropertyKey[]): string[] {
  return keysAt((inputSchema ??= runSpecJsonSchema()), path);
}

/** As `acceptedKeys`, of any JSON Schema. */
export function keysAt(schema: Record<string, unknown>, path: readonly PropertyKey[]): string[] {
  let places: unknown[] = [schema];
  for (const key of path) {
    places = places.flatMap(variants).flatMap((place) => {
      const child = typeof key === 'number' ? field(place, 'items') : field(field(place, 'properties'), String(key));
      return child === undefined ? [] : [child];
    });
  }
  return [...new Set(places.flatMap(variants).flatMap((schema) => Object.keys(field(schema, 'properties') ?? {})))];
}

function variants(schema: unknown): unknown[] {
  const options = field(schema, 'anyOf') ?? field(schema, 'oneOf');
  return Array.isArray(options) ? options.flatMap(variants) : [schema];
}

function field(value: unknown, name: string): Record<string, unknown> | unknown[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const found: unknown = (value as Record<string, unknown>)[name];
  return typeof found === 'object' && found !== null ? (found as Record<string, unknown>) : undefined;
}
