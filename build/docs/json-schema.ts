import { code, codes } from './markdown.ts';

/** The part of JSON Schema that zod writes for the spec and for answers. */
export interface JsonSchema {
  type?: string | string[];
  description?: string;
  default?: unknown;
  const?: unknown;
  enum?: unknown[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
}

/** What a value may be, in a few words. */
export function accepts(schema: JsonSchema): string {
  if (schema.const !== undefined) return code(JSON.stringify(schema.const).replaceAll('"', ''));
  if (schema.enum !== undefined) return codes(schema.enum.map(String));
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return [...new Set(choices.map(accepts))].join(', ');
  if (Array.isArray(schema.type)) return schema.type.map((type) => accepts({ ...schema, type })).join(', ');
  switch (schema.type) {
    case 'null':
      return code('null');
    case 'boolean':
      return codes(['true', 'false']);
    case 'integer':
      return `whole number${range(schema)}`;
    case 'array':
      return `list of ${schema.items === undefined ? 'values' : accepts(schema.items)}`;
    case 'object':
      return 'object';
    default:
      return `${schema.type === 'string' ? 'text' : (schema.type ?? 'anything')}${range(schema)}`;
  }
}

/** zod bounds every whole number by what a double can hold; that bound says nothing to a person. */
function range({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: JsonSchema): string {
  const lower = minimum !== undefined ? `≥ ${minimum}` : exclusiveMinimum !== undefined ? `> ${exclusiveMinimum}` : '';
  const isReal = maximum !== undefined && maximum !== Number.MAX_SAFE_INTEGER;
  const upper = isReal ? `≤ ${maximum}` : exclusiveMaximum !== undefined ? `< ${exclusiveMaximum}` : '';
  const both = [lower, upper].filter((part) => part !== '').join(' and ');
  return both === '' ? '' : ` ${both}`;
}
