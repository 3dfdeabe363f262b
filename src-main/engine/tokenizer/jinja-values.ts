import { floatText, quoted } from './python-text.ts';

/**
 * Templates come with models, and models come from strangers. An honest one takes a few hundred steps per message and gives a text of the
 * messages' size; one beyond these bounds is refused before it hangs the program.
 */
export const mostSteps = 200_000;
export const mostChars = 4 * 2 ** 20;
export const mostItems = 1_000_000;

/** A value while a template runs. `type` tells what `value` is. */
export interface Value {
  type: string;
  value: unknown;
  __bool__(): { value: boolean };
}
export function bounded(text: string): string {
  if (text.length > mostChars) throw new Error(`it gives more than ${mostChars.toLocaleString('en')} characters`);
  return text;
}

/** How often a thing is repeated, if the result stays within bounds. */
export function boundedCount(count: number, size: number, most: number): number {
  if (count * Math.max(1, size) > most) throw new Error(`a repetition gives more than ${most.toLocaleString('en')}`);
  return count;
}

export interface Numeric {
  number: number;
  isFloat: boolean;
}

export function isNumber(value: unknown): value is Numeric {
  return typeof value === 'object' && value !== null && 'isFloat' in value;
}

export function isValue(value: unknown): value is Value {
  return typeof value === 'object' && value !== null && '__bool__' in value;
}

export function isNumeric({ type }: Value): boolean {
  return type === 'IntegerValue' || type === 'FloatValue' || type === 'BooleanValue';
}

export function isList({ type }: Value): boolean {
  return type === 'ArrayValue' || type === 'TupleValue';
}

export function listOf(value: Value): Value[] {
  return value.value as Value[];
}

/** `str(value)`; undefined prints nothing. */
export function print(value: Value): string {
  return value.type === 'StringValue' ? String(value.value) : value.type === 'UndefinedValue' ? '' : repr(value);
}

export function repr(value: Value): string {
  switch (value.type) {
    case 'NullValue':
      return 'None';
    case 'UndefinedValue':
      return 'Undefined';
    case 'BooleanValue':
      return value.value === true ? 'True' : 'False';
    case 'StringValue':
      return quoted(String(value.value));
    case 'IntegerValue':
      return String(value.value);
    case 'FloatValue':
      return floatText(Number(value.value));
    case 'ArrayValue':
      return `[${listOf(value).map(repr).join(', ')}]`;
    case 'TupleValue': {
      const items = listOf(value).map(repr);
      return items.length === 1 ? `(${items[0]},)` : `(${items.join(', ')})`;
    }
    case 'ObjectValue': {
      const entries = [...(value.value as Map<string, Value>)];
      return `{${entries.map(([key, entry]) => `${quoted(key)}: ${repr(entry)}`).join(', ')}}`;
    }
    default:
      return `<${nameOf(value)}>`;
  }
}

export function equals(left: Value, right: Value): boolean {
  if (isNumeric(left) && isNumeric(right)) return Number(left.value) === Number(right.value);
  if (isList(left) && left.type === right.type) {
    const [a, b] = [listOf(left), listOf(right)];
    return a.length === b.length && a.every((item, index) => equals(item, b[index] as Value));
  }
  if (left.type === 'ObjectValue' && right.type === 'ObjectValue') {
    const [a, b] = [left.value as Map<string, Value>, right.value as Map<string, Value>];
    return a.size === b.size && [...a].every(([key, item]) => b.has(key) && equals(item, b.get(key) as Value));
  }
  return left.type === right.type && left.value === right.value;
}

export function nameOf({ type }: Value): string {
  return type.replace(/Value$/, '').toLowerCase();
}

export function textOrNull(value: Value | undefined): string | null {
  return value === undefined || value.type === 'NullValue' ? null : String(value.value);
}

export function textAt(args: readonly Value[], index: number): string {
  const value = args[index];
  if (value?.type !== 'StringValue') throw new Error('a text is needed');
  return String(value.value);
}
