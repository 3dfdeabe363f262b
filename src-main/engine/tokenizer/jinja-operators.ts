import {
  mostChars,
  mostItems,
  boundedCount,
  isNumeric,
  isList,
  listOf,
  print,
  repr,
  equals,
  nameOf,
} from './jinja-values.ts';
import type { Value, Numeric } from './jinja-values.ts';

export function binary(operator: string, left: Value, right: Value): string | boolean | Numeric | Value[] {
  switch (operator) {
    case '==':
      return equals(left, right);
    case '!=':
      return !equals(left, right);
    case '~':
      return print(left) + print(right);
    case 'in':
      return holds(right, left);
    case 'not in':
      return !holds(right, left);
    case '<':
    case '>':
    case '<=':
    case '>=':
      return compare(operator, left, right);
    default:
      return arithmetic(operator, left, right);
  }
}

export function holds(container: Value, item: Value): boolean {
  if (container.type === 'UndefinedValue') return false;
  if (isList(container)) return listOf(container).some((entry) => equals(entry, item));
  if (container.type === 'StringValue')
    return item.type === 'StringValue' && String(container.value).includes(String(item.value));
  if (container.type === 'ObjectValue') return (container.value as Map<unknown, unknown>).has(item.value);
  throw new Error(`“in” cannot look into ${nameOf(container)}`);
}

function compare(operator: string, left: Value, right: Value): boolean {
  const numbers = isNumeric(left) && isNumeric(right);
  if (!numbers && !(left.type === 'StringValue' && right.type === 'StringValue'))
    throw new Error(`“${operator}” cannot compare ${nameOf(left)} with ${nameOf(right)}`);
  const order = numbers
    ? Number(left.value) - Number(right.value)
    : comparePoints(String(left.value), String(right.value));
  return operator === '<' ? order < 0 : operator === '>' ? order > 0 : operator === '<=' ? order <= 0 : order >= 0;
}

/** Python orders strings by code points, JavaScript by UTF-16 units. */
export function comparePoints(left: string, right: string): number {
  const [a, b] = [Array.from(left), Array.from(right)];
  for (let i = 0; i < Math.min(a.length, b.length); i += 1) {
    const difference = (a[i]?.codePointAt(0) ?? 0) - (b[i]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function arithmetic(operator: string, left: Value, right: Value): string | Numeric | Value[] {
  if (isNumeric(left) && isNumeric(right)) {
    const isFloat = left.type === 'FloatValue' || right.type === 'FloatValue';
    const [a, b] = [Number(left.value), Number(right.value)];
    if (b === 0 && (operator === '/' || operator === '//' || operator === '%')) throw new Error('division by zero');
    switch (operator) {
      case '+':
        return { number: a + b, isFloat };
      case '-':
        return { number: a - b, isFloat };
      case '*':
        return { number: a * b, isFloat };
      case '/':
        return { number: a / b, isFloat: true };
      case '//':
        return { number: Math.floor(a / b), isFloat };
      case '%':
        return { number: a - b * Math.floor(a / b), isFloat };
      case '**':
        return { number: a ** b, isFloat: isFloat || b < 0 };
    }
  }
  if (operator === '+') {
    if (left.type === 'StringValue' && right.type === 'StringValue') return String(left.value) + String(right.value);
    if (isList(left) && isList(right)) return [...listOf(left), ...listOf(right)];
  }
  if (operator === '*') {
    const [thing, times] = isNumeric(right) ? [left, Number(right.value)] : [right, Number(left.value)];
    const count = Math.max(0, times);
    if (thing.type === 'StringValue' && Number.isInteger(times)) {
      const text = String(thing.value);
      return text.repeat(boundedCount(count, text.length, mostChars));
    }
    if (isList(thing) && Number.isInteger(times)) {
      const items = listOf(thing);
      return Array.from({ length: boundedCount(count, items.length, mostItems) }, () => items).flat();
    }
  }
  if (operator === '%' && left.type === 'StringValue') return percentFormat(String(left.value), right);
  throw new Error(`“${operator}” does not fit ${nameOf(left)} and ${nameOf(right)}`);
}

/** `"%s is %d" % (a, b)`, with the fields that templates use. */
function percentFormat(format: string, given: Value): string {
  const values = given.type === 'TupleValue' ? [...listOf(given)] : [given];
  return format.replace(/%(0?\d*)([sdr%])/g, (_, width: string, kind: string) => {
    if (kind === '%') return '%';
    const value = values.shift();
    if (value === undefined) throw new Error('not enough arguments for format string');
    const text = kind === 'r' ? repr(value) : kind === 'd' ? String(Math.trunc(Number(value.value))) : print(value);
    return text.padStart(Number(width), width.startsWith('0') ? '0' : ' ');
  });
}
