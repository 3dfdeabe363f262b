import { WorkbenchError } from '../../shared/domain/errors.ts';

/** No size above this is believed in a config.json: it would only ask for memory that no machine has. */
const largestCount = 2 ** 31 - 1;

/** Typed reading of a config.json; a value of the wrong kind is refused with file and field. */
export class ConfigFields {
  readonly source: Record<string, unknown>;
  readonly file: string;
  readonly #path: string;

  constructor(source: unknown, file: string, path = '') {
    if (typeof source !== 'object' || source === null || Array.isArray(source)) {
      throw new WorkbenchError(
        'bad-input',
        `${file}: ${path === '' ? 'not a JSON object' : `${path} is not an object`}`,
        {
          place: { file, ...(path === '' ? {} : { field: path }) },
        },
      );
    }
    this.source = source as Record<string, unknown>;
    this.file = file;
    this.#path = path;
  }

  /** The field as messages name it. */
  path(field: string): string {
    return this.#path === '' ? field : `${this.#path}.${field}`;
  }

  /** Present and not null. */
  has(field: string): boolean {
    return this.#value(field) !== undefined;
  }

  count(field: string, usual?: number): number {
    const value = this.#value(field) ?? usual;
    if (typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= largestCount) return value;
    throw this.#bad(field, 'a positive whole number', value);
  }

  /** A count, or null if null is written; the usual one if the field is left out. */
  countOrNull(field: string, usual: number | null): number | null {
    if (!Object.hasOwn(this.source, field)) return usual;
    return this.optionalCount(field);
  }

  /** A whole number from 0 on. */
  whole(field: string, usual: number): number {
    return this.#value(field) === 0 ? 0 : this.count(field, usual);
  }

  optionalCount(field: string): number | null {
    return this.has(field) ? this.count(field) : null;
  }

  number(field: string, usual?: number): number {
    const value = this.#value(field) ?? usual;
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    throw this.#bad(field, 'a number', value);
  }

  /** A number above 0, or none where null is written; the usual one if the field is left out. */
  numberOrNone(field: string, usual?: number): number | undefined {
    const value = Object.hasOwn(this.source, field) ? this.#value(field) : usual;
    if (value === undefined || (typeof value === 'number' && Number.isFinite(value) && value > 0)) return value;
    throw this.#bad(field, 'a number above 0', value);
  }

  numbers(field: string): number[] {
    const value = this.#value(field);
    if (Array.isArray(value) && value.every((item) => typeof item === 'number' && Number.isFinite(item)))
      return value as number[];
    throw this.#bad(field, 'a list of numbers', value);
  }

  /** A list of this many things, or of more if `longer`. */
  list(field: string, length: number, longer = false): readonly unknown[] {
    const value = this.#value(field);
    if (Array.isArray(value) && (value.length === length || (longer && value.length > length))) return value;
    throw this.#bad(field, `a list of ${length}`, value);
  }

  flag(field: string, usual: boolean): boolean {
    const value = this.#value(field) ?? usual;
    if (typeof value === 'boolean') return value;
    throw this.#bad(field, 'true or false', value);
  }

  text(field: string, usual?: string): string {
    const value = this.#value(field) ?? usual;
    if (typeof value === 'string') return value;
    throw this.#bad(field, 'a text', value);
  }

  texts(field: string): string[] {
    const value = this.#value(field) ?? [];
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
    throw this.#bad(field, 'a list of texts', value);
  }

  /** A token id, a list of them, or none. */
  tokenIds(field: string): number[] {
    const value = this.#value(field) ?? [];
    const ids: unknown[] = Array.isArray(value) ? value : [value];
    if (ids.every((id): id is number => typeof id === 'number' && Number.isInteger(id) && id >= 0)) return ids;
    throw this.#bad(field, 'a token id or a list of them', value);
  }

  /** Labels of a sequence classifier: `num_labels`, else the size of `id2label`, else two, as transformers has it. */
  labelCount(): number {
    if (this.has('num_labels')) return this.count('num_labels');
    return this.has('id2label') ? Object.keys(this.object('id2label')!.source).length : 2;
  }

  object(field: string): ConfigFields | null {
    const value = this.#value(field);
    return value === undefined ? null : new ConfigFields(value, this.file, this.path(field));
  }

  /** These fields, and of another object those that are not here. */
  over(base: ConfigFields): ConfigFields {
    return new ConfigFields({ ...base.source, ...this.source }, this.file, this.#path);
  }

  #value(field: string): unknown {
    return Object.hasOwn(this.source, field) ? (this.source[field] ?? undefined) : undefined;
  }

  #bad(field: string, wanted: string, value: unknown): WorkbenchError {
    const path = this.path(field);
    const found = value === undefined ? 'it is missing' : `found ${JSON.stringify(value)?.slice(0, 80)}`;
    return new WorkbenchError('bad-input', `${this.file}: ${path} must be ${wanted}; ${found}`, {
      place: { file: this.file, field: path },
    });
  }
}
