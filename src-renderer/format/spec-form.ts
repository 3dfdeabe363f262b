import { guardKeys, guardKinds } from '@shared/domain/spec-defaults.ts';
import { shownValue } from './values.ts';

/** The run spec's JSON Schema as a tree of form fields. What the schema gains, the form shows without being told. */

export interface JsonSchema {
  type?: string | string[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  description?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  items?: JsonSchema;
  oneOf?: JsonSchema[];
  anyOf?: JsonSchema[];
  allOf?: JsonSchema[];
  $ref?: string;
  $defs?: Record<string, JsonSchema>;
}
type Path = readonly string[];

interface Common {
  path: Path;
  title: string;
  help: string;
  required: boolean;
  /** What holds when nothing is given. */
  fallback: unknown;
}
export type Field =
  | (Common & { kind: 'group'; fields: Field[] })
  /** One of several shapes, told apart by their `kind`. */
  | (Common & { kind: 'variant'; variants: { value: string; fields: Field[] }[] })
  | (Common & { kind: 'select'; options: string[] })
  | (Common & { kind: 'number'; integer: boolean; min: number | null; max: number | null; nullable: boolean })
  | (Common & { kind: 'toggle' })
  | (Common & { kind: 'list' })
  | (Common & { kind: 'text' })
  /** An object that may be absent: a switch, and its fields while it is on. */
  | (Common & { kind: 'optional'; fields: Field[] });

export function fieldsOf(schema: JsonSchema): Field[] {
  const { properties = {}, required = [] } = schema;
  return Object.entries(properties).flatMap(([name, part]) =>
    fieldOf([name], resolve(part, schema), required.includes(name), schema),
  );
}

function childFields(path: Path, schema: JsonSchema, root: JsonSchema): Field[] {
  const { properties = {}, required = [] } = schema;
  return Object.entries(properties).flatMap(([name, part]) =>
    fieldOf([...path, name], resolve(part, root), required.includes(name), root),
  );
}

function fieldOf(path: Path, schema: JsonSchema, required: boolean, root: JsonSchema): Field[] {
  // A constant leaves nothing to choose: the discriminator of a variant, or the only optimiser there is.
  if (schema.const !== undefined) return [];
  const common: Common = {
    path,
    title: titleOf(path.at(-1) ?? ''),
    help: schema.description ?? '',
    required,
    fallback: schema.default ?? null,
  };
  const union = (schema.oneOf ?? schema.anyOf)?.map((part) => resolve(part, root));
  if (union !== undefined) return unionField(common, union, root);
  if (schema.enum !== undefined) return [{ ...common, kind: 'select', options: schema.enum.map(String) }];
  switch (schema.type) {
    case 'object':
      return [{ ...common, kind: 'group', fields: childFields(path, schema, root) }];
    case 'boolean':
      return [{ ...common, kind: 'toggle' }];
    case 'number':
    case 'integer':
      return [numberField(common, schema, false)];
    case 'array':
      return [{ ...common, kind: 'list' }];
    default:
      return [{ ...common, kind: 'text' }];
  }
}

function unionField(common: Common, union: JsonSchema[], root: JsonSchema): Field[] {
  const parts = union.filter((part) => part.type !== 'null');
  const nullable = parts.length < union.length;
  const [only] = parts;
  if (parts.length === 1 && only !== undefined && nullable) {
    if (only.type === 'number' || only.type === 'integer') return [numberField(common, only, true)];
    if (only.type === 'object') return [{ ...common, kind: 'optional', fields: childFields(common.path, only, root) }];
    return fieldOf(
      common.path,
      { ...only, ...(common.help === '' ? {} : { description: common.help }) },
      common.required,
      root,
    );
  }
  if (parts.every((part) => part.properties?.['kind']?.const !== undefined)) {
    const variants = parts.map((part) => ({
      value: String(part.properties?.['kind']?.const),
      fields: childFields(common.path, part, root),
    }));
    return [{ ...common, kind: 'variant', variants }];
  }
  // Words or a number, such as checkpoint.keep: typed as text, read back as what it looks like.
  return [{ ...common, kind: 'text', help: common.help || `One of: ${parts.map(wordFor).join(', ')}.` }];
}

function wordFor(schema: JsonSchema): string {
  return schema.const === undefined ? `a${schema.type === 'integer' ? ' whole' : ''} number` : shownValue(schema.const);
}

function numberField(common: Common, schema: JsonSchema, nullable: boolean): Field {
  return {
    ...common,
    kind: 'number',
    integer: schema.type === 'integer',
    min: schema.minimum ?? schema.exclusiveMinimum ?? null,
    max: limitOf(schema.maximum ?? schema.exclusiveMaximum),
    nullable,
  };
}

function limitOf(maximum: number | undefined): number | null {
  return maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? null : maximum;
}

function resolve(schema: JsonSchema, root: JsonSchema): JsonSchema {
  const name = schema.$ref?.split('/').at(-1);
  const found = name === undefined ? undefined : root.$defs?.[name];
  return found === undefined ? schema : { ...found, ...schema };
}

const abbreviations: Readonly<Record<string, string>> = {
  dpop: 'DPOP',
  nll: 'NLL',
  kl: 'KL',
  lora: 'LoRA',
  ppo: 'PPO',
};

/** “learningRate” → “Learning rate”, “nllWeight” → “NLL weight”. */
function titleOf(name: string): string {
  const words = name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(' ');
  const text = words.map((word) => abbreviations[word] ?? word).join(' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The value at a path of a spec, or undefined. */
export function valueAt(spec: unknown, path: Path): unknown {
  let value = spec;
  for (const name of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

/** What says how a fall is measured; where the gate is always open that is asked for by some guards alone. */
const gateKeys = ['reward', 'gate', 'epsilon'] as const;

function measuresFall(spec: unknown): boolean {
  const isFall = (...path: string[]) => valueAt(spec, ['guard', ...path]) === 'fall';
  return isFall('divergence') || isFall('learnedWeight', 'of');
}

/** Whether a field matters for the spec as it stands. One that was given a value is always shown, so that it can be removed. */
export function matters(path: Path, spec: unknown): boolean {
  const [group, key = ''] = path;
  if (group !== 'guard' || path.length !== 2 || key === 'kind') return true;
  if (valueAt(spec, path) !== undefined) return true;
  const given = valueAt(spec, ['guard', 'kind']);
  const kind = guardKinds.find((one) => one === given) ?? 'none';
  const needed: readonly string[] = guardKeys[kind];
  if (key === 'guardSet' && valueAt(spec, ['guard', 'target']) !== 'guard-set') return false;
  if (kind === 'ungated' && gateKeys.some((one) => one === key) && !measuresFall(spec)) return false;
  return needed.includes(key);
}

/** What was typed for a value that may be a word or a number. */
export function readScalar(text: string): string | number | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  return /^-?\d+(\.\d+)?(e-?\d+)?$/i.test(trimmed) ? Number(trimmed) : trimmed;
}

/** “0.5, 1, 2” → [0.5, 1, 2]; used by sweeps and lists. */
export function readList(text: string): (string | number)[] {
  return text.split(',').flatMap((part) => readScalar(part) ?? []);
}
