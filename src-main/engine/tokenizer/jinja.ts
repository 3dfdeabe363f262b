import { Environment, Interpreter, Template } from '@huggingface/jinja';
import { capitalize, floatText, quoted, splitLines, splitRight, strip, title, titleFilter } from './python-text.ts';

/**
 * Jinja as Python renders it. @huggingface/jinja reads templates well but runs them by JavaScript's rules: `strip("\n")` forgets
 * its argument, `-7 % 3` is −1, `True` prints “true”, `1 == "1"`. Here its parser is kept, and what differs is done anew on its
 * interpreter's own values. Checked against jinja2 (test/golden/jinja).
 */
export class PythonTemplate {
  readonly #template: Template;

  constructor(source: string) {
    // Jinja's lexer takes every kind of line end for \n.
    this.#template = new Template(source.replace(/\r\n?/g, '\n'));
  }

  render(items: Record<string, unknown>): string {
    const environment = new Environment();
    for (const [name, value] of Object.entries({ ...globals, ...items })) environment.set(name, value);
    const text = pythonInterpreter(environment).run(this.#template.parsed);
    return String(text.value);
  }
}

/**
 * Templates come with models, and models come from strangers. An honest one takes a few hundred steps a message and gives a
 * text of the messages' size; one beyond these bounds is refused before it holds the program.
 */
const mostSteps = 200_000;
const mostChars = 4 * 2 ** 20;
const mostItems = 1_000_000;

const globals: Record<string, unknown> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
  raise_exception: (message: unknown) => {
    throw new Error(String(message));
  },
  range: (...limits: number[]) => range(limits),
  strftime_now: (format: string) => strftime(new Date(), format),
};

function range(limits: readonly number[]): number[] {
  const [start = 0, stop = 0, step = 1] = limits.length === 1 ? [0, limits[0]] : limits;
  const length = step === 0 ? 0 : Math.max(0, Math.ceil((stop - start) / step));
  if (length > mostItems) throw new Error(`range() would have ${length} items, ${mostItems} are allowed`);
  return Array.from({ length }, (_, index) => start + index * step);
}

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const months = [
  ...['January', 'February', 'March', 'April', 'May', 'June', 'July'],
  ...['August', 'September', 'October', 'November', 'December'],
];

/** The fields that chat templates ask for, in English as C's locale has them. */
function strftime(at: Date, format: string): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const fields: Record<string, string> = {
    '%Y': String(at.getFullYear()),
    '%m': two(at.getMonth() + 1),
    '%d': two(at.getDate()),
    '%-d': String(at.getDate()),
    '%B': months[at.getMonth()] ?? '',
    '%b': (months[at.getMonth()] ?? '').slice(0, 3),
    '%A': days[at.getDay()] ?? '',
    '%a': (days[at.getDay()] ?? '').slice(0, 3),
    '%H': two(at.getHours()),
    '%M': two(at.getMinutes()),
    '%S': two(at.getSeconds()),
    '%y': two(at.getFullYear() % 100),
    '%%': '%',
  };
  return format.replace(/%-?[A-Za-z%]/g, (field) => fields[field] ?? field);
}

/** A value while a template runs. `type` tells what `value` is. */
interface Value {
  type: string;
  value: unknown;
  __bool__(): { value: boolean };
}
interface Node {
  type: string;
}
type Args = [positional: Value[], keywords: Map<string, Value>];

/** The library's interpreter as it is: TypeScript calls these methods private. */
interface Internals {
  run(program: unknown): Value;
  evaluate(node: unknown, environment: Environment): Value;
  evaluateArguments(args: unknown, environment: Environment): Args;
  evaluateBlock(statements: readonly Node[], environment: Environment): Value;
  evaluateBinaryExpression(node: BinaryNode, environment: Environment): Value;
  evaluateCallExpression(node: CallNode, environment: Environment): Value;
  evaluateMemberExpression(node: unknown, environment: Environment): Value;
  evaluateSliceExpression(object: Value, node: unknown, environment: Environment): Value;
  applyFilter(operand: Value, filter: FilterNode, environment: Environment): Value;
}
interface BinaryNode extends Node {
  left: Node;
  right: Node;
  operator: { value: string };
}
interface CallNode extends Node {
  callee: Node & { object?: Node; property?: Node & { value?: unknown }; computed?: boolean };
  args: unknown;
}
interface FilterNode extends Node {
  value?: string;
  callee?: { value: string };
  args?: unknown;
}

/** Statements, which print nothing of their own or have printed already. */
const silent = new Set(['Set', 'Macro', 'Comment']);

function pythonInterpreter(environment: Environment): Internals {
  // The methods exist on the class; only its type hides them.
  const interpreter = new Interpreter(environment) as unknown as Internals;
  const scratch = new Environment();
  // The classes of values are not exported; the environment makes values of them.
  const make = (value: unknown): Value => {
    scratch.variables.delete('value');
    return scratch.set('value', value) as unknown as Value;
  };
  const FloatValue = make(0.5).constructor as new (value: number) => Value;
  const ArrayValue = make([]).constructor as new (value: Value[]) => Value;
  const TupleValue = interpreter.evaluate({ type: 'TupleLiteral', value: [] }, scratch).constructor as new (
    value: Value[],
  ) => Value;
  const listLike = (isTuple: boolean, items: Value[]): Value =>
    isTuple ? new TupleValue(items) : new ArrayValue(items);
  const number = (value: number, isFloat: boolean): Value => (isFloat ? new FloatValue(value) : make(value));
  const library = {
    call: interpreter.evaluateCallExpression,
    filter: interpreter.applyFilter,
    member: interpreter.evaluateMemberExpression,
    slice: interpreter.evaluateSliceExpression,
  };

  const evaluate = interpreter.evaluate;
  let steps = 0;
  interpreter.evaluate = function (node, scope) {
    steps += 1;
    if (steps > mostSteps) throw new Error(`it takes more than ${mostSteps.toLocaleString('en')} steps`);
    const value = evaluate.call(this, node, scope);
    if (value.type === 'StringValue') bounded(String(value.value));
    return value;
  };
  interpreter.evaluateBlock = function (statements, scope) {
    let text = '';
    for (const statement of statements) {
      const value = this.evaluate(statement, scope);
      if (!silent.has(statement.type)) text = bounded(text + print(value));
    }
    return make(text);
  };
  interpreter.evaluateBinaryExpression = function (node, scope) {
    const operator = node.operator.value;
    const left = this.evaluate(node.left, scope);
    if (operator === 'and') return left.__bool__().value ? this.evaluate(node.right, scope) : left;
    if (operator === 'or') return left.__bool__().value ? left : this.evaluate(node.right, scope);
    const right = this.evaluate(node.right, scope);
    const found = binary(operator, left, right);
    if (Array.isArray(found)) return listLike(left.type === 'TupleValue' || right.type === 'TupleValue', found);
    return typeof found === 'object' ? number(found.number, found.isFloat) : make(found);
  };
  interpreter.evaluateMemberExpression = function (node, scope) {
    try {
      return library.member.call(this, node, scope);
    } catch (error) {
      // What cannot be looked into has no such item: undefined, as of anything that is not there.
      if (error instanceof Error && error.message.startsWith('Cannot access property')) return make(undefined);
      throw error;
    }
  };
  interpreter.evaluateSliceExpression = function (object, node, scope) {
    const part = library.slice.call(this, object, node, scope);
    return object.type === 'TupleValue' ? new TupleValue(listOf(part)) : part;
  };
  interpreter.evaluateCallExpression = function (node, scope) {
    const { callee } = node;
    const name = callee.type === 'MemberExpression' && callee.computed !== true ? callee.property?.value : undefined;
    const method = typeof name === 'string' ? stringMethods.get(name) : undefined;
    if (method === undefined) return library.call.call(this, node, scope);
    const object = this.evaluate(callee.object, scope);
    if (object.type !== 'StringValue') return library.call.call(this, node, scope);
    const [args, keywords] = this.evaluateArguments(node.args, scope);
    return make(method(String(object.value), args, keywords));
  };
  interpreter.applyFilter = function (operand, filter, scope) {
    const name = filter.callee?.value ?? filter.value ?? '';
    const own = filters.get(name);
    if (own === undefined) return library.filter.call(this, operand, filter, scope);
    const [args, keywords] =
      filter.callee === undefined ? ([[], new Map()] as Args) : this.evaluateArguments(filter.args, scope);
    const answer = own(operand, args, keywords);
    if (answer === undefined) return library.filter.call(this, operand, filter, scope);
    if (Array.isArray(answer) && answer.every(isValue)) return new ArrayValue(answer);
    return isNumber(answer) ? number(answer.number, answer.isFloat) : isValue(answer) ? answer : make(answer);
  };
  return interpreter;
}

function bounded(text: string): string {
  if (text.length > mostChars) throw new Error(`it gives more than ${mostChars.toLocaleString('en')} characters`);
  return text;
}

/** How often a thing is repeated, when what comes of it stays within bounds. */
function boundedCount(count: number, size: number, most: number): number {
  if (count * Math.max(1, size) > most) throw new Error(`a repetition gives more than ${most.toLocaleString('en')}`);
  return count;
}

interface Numeric {
  number: number;
  isFloat: boolean;
}

function isNumber(value: unknown): value is Numeric {
  return typeof value === 'object' && value !== null && 'isFloat' in value;
}

function isValue(value: unknown): value is Value {
  return typeof value === 'object' && value !== null && '__bool__' in value;
}

function isNumeric({ type }: Value): boolean {
  return type === 'IntegerValue' || type === 'FloatValue' || type === 'BooleanValue';
}

function isList({ type }: Value): boolean {
  return type === 'ArrayValue' || type === 'TupleValue';
}

function listOf(value: Value): Value[] {
  return value.value as Value[];
}

/** `str(value)`; undefined prints nothing. */
function print(value: Value): string {
  return value.type === 'StringValue' ? String(value.value) : value.type === 'UndefinedValue' ? '' : repr(value);
}

function repr(value: Value): string {
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

function equals(left: Value, right: Value): boolean {
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

function binary(operator: string, left: Value, right: Value): string | boolean | Numeric | Value[] {
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

function holds(container: Value, item: Value): boolean {
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
function comparePoints(left: string, right: string): number {
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

function nameOf({ type }: Value): string {
  return type.replace(/Value$/, '').toLowerCase();
}

type StringMethod = (text: string, args: readonly Value[], keywords: ReadonlyMap<string, Value>) => unknown;

function textOrNull(value: Value | undefined): string | null {
  return value === undefined || value.type === 'NullValue' ? null : String(value.value);
}

function textAt(args: readonly Value[], index: number): string {
  const value = args[index];
  if (value?.type !== 'StringValue') throw new Error('a text is needed');
  return String(value.value);
}

/** Methods that the library lacks, or has without their arguments. */
const stringMethods = new Map<string, StringMethod>([
  ['strip', (text, [characters]) => strip(text, 'both', textOrNull(characters))],
  ['lstrip', (text, [characters]) => strip(text, 'left', textOrNull(characters))],
  ['rstrip', (text, [characters]) => strip(text, 'right', textOrNull(characters))],
  ['title', title],
  ['capitalize', capitalize],
  ['splitlines', splitLines],
  ['rsplit', (text, args) => splitRight(text, textAt(args, 0), args[1] === undefined ? -1 : Number(args[1].value))],
  ['removeprefix', (text, args) => (text.startsWith(textAt(args, 0)) ? text.slice(textAt(args, 0).length) : text)],
  [
    'removesuffix',
    (text, args) => {
      const end = textAt(args, 0);
      return end !== '' && text.endsWith(end) ? text.slice(0, -end.length) : text;
    },
  ],
  [
    'find',
    (text, args) =>
      Array.from(text.slice(0, Math.max(0, text.indexOf(textAt(args, 0))))).length +
      (text.includes(textAt(args, 0)) ? 0 : -1),
  ],
  ['count', (text, args) => text.split(textAt(args, 0)).length - 1],
  [
    'join',
    (text, [items]) =>
      items === undefined
        ? ''
        : listOf(items)
            .map((item) => String(item.value))
            .join(text),
  ],
  ['isdigit', (text) => /^\p{Nd}+$/u.test(text)],
  ['isalpha', (text) => /^\p{L}+$/u.test(text)],
  ['isspace', (text) => text !== '' && strip(text, 'both', null) === ''],
  ['isupper', (text) => text !== text.toLowerCase() && text === text.toUpperCase()],
  ['islower', (text) => text !== text.toUpperCase() && text === text.toLowerCase()],
]);

/** Answers undefined where the library's filter does the same. */
type Filter = (operand: Value, args: readonly Value[], keywords: ReadonlyMap<string, Value>) => unknown;

function ofText(change: (text: string) => string): Filter {
  return (operand) => change(print(operand));
}

function lengthOf(operand: Value): unknown {
  return operand.type === 'StringValue' ? Array.from(String(operand.value)).length : undefined;
}

const filters = new Map<string, Filter>([
  ['string', ofText((text) => text)],
  ['upper', ofText((text) => text.toUpperCase())],
  ['lower', ofText((text) => text.toLowerCase())],
  ['capitalize', ofText(capitalize)],
  ['title', ofText(titleFilter)],
  ['trim', (operand, args, keywords) => strip(print(operand), 'both', textOrNull(args[0] ?? keywords.get('chars')))],
  ['length', lengthOf],
  [
    'count',
    (operand) => lengthOf(operand) ?? (operand.value instanceof Map ? operand.value.size : listOf(operand).length),
  ],
  ['first', (operand) => itemsOf(operand)?.[0] ?? (operand.type === 'StringValue' ? '' : undefined)],
  ['last', (operand) => itemsOf(operand)?.at(-1) ?? (operand.type === 'StringValue' ? '' : undefined)],
  ['list', itemsOf],
  ['tojson', (operand, _args, keywords) => toJson(operand, jsonStyle(keywords))],
  [
    'reverse',
    (operand) => (operand.type === 'StringValue' ? Array.from(String(operand.value)).reverse().join('') : undefined),
  ],
  ['join', joinFilter],
  ['int', (operand, args, keywords) => numberFilter(operand, args[0] ?? keywords.get('default'), false)],
  ['float', (operand, args, keywords) => numberFilter(operand, args[0] ?? keywords.get('default'), true)],
  ['abs', (operand) => (operand.type === 'BooleanValue' ? Number(operand.value) : undefined)],
  ['d', defaultFilter],
  ['default', defaultFilter],
]);

/** What iterating a value gives; undefined for what cannot be iterated. */
function itemsOf(operand: Value): (Value | string)[] | undefined {
  if (operand.type === 'StringValue') return Array.from(String(operand.value));
  if (isList(operand)) return listOf(operand);
  return operand.type === 'ObjectValue' ? [...(operand.value as Map<string, Value>).keys()] : undefined;
}

function joinFilter(operand: Value, args: readonly Value[], keywords: ReadonlyMap<string, Value>): unknown {
  const between = textOrNull(args[0] ?? keywords.get('d')) ?? '';
  const attribute = textOrNull(args[1] ?? keywords.get('attribute'));
  return itemsOf(operand)
    ?.map((item) => {
      const value = attribute === null || typeof item === 'string' ? item : attributeOf(item, attribute);
      return typeof value === 'string' ? value : value === undefined ? '' : print(value);
    })
    .join(between);
}

function attributeOf(item: Value, name: string): Value | undefined {
  return item.value instanceof Map ? (item.value.get(name) as Value | undefined) : undefined;
}

interface JsonStyle {
  indent: number | null;
  ascii: boolean;
  sorted: boolean;
  between: string;
  afterKey: string;
}

function jsonStyle(keywords: ReadonlyMap<string, Value>): JsonStyle {
  const indent = keywords.get('indent');
  const separators = keywords.get('separators');
  const [between, afterKey] = separators !== undefined && isList(separators) ? listOf(separators) : [];
  const isIndented = indent !== undefined && indent.type === 'IntegerValue';
  return {
    indent: isIndented ? Number(indent.value) : null,
    ascii: keywords.get('ensure_ascii')?.value === true,
    sorted: keywords.get('sort_keys')?.value === true,
    between: between === undefined ? (isIndented ? ',' : ', ') : String(between.value),
    afterKey: afterKey === undefined ? ': ' : String(afterKey.value),
  };
}

/** `json.dumps`. */
function toJson(value: Value, style: JsonStyle, depth = 0): string {
  switch (value.type) {
    case 'StringValue':
      return jsonText(String(value.value), style);
    case 'BooleanValue':
      return String(value.value);
    case 'IntegerValue':
      return String(value.value);
    case 'FloatValue':
      return floatText(Number(value.value));
    case 'NullValue':
    case 'UndefinedValue':
      return 'null';
    case 'ArrayValue':
    case 'TupleValue':
      return bracketed(
        '[]',
        listOf(value).map((item) => toJson(item, style, depth + 1)),
        style,
        depth,
      );
    case 'ObjectValue': {
      const entries = [...(value.value as Map<string, Value>)];
      if (style.sorted) entries.sort(([a], [b]) => comparePoints(a, b));
      const parts = entries.map(
        ([key, item]) => jsonText(key, style) + style.afterKey + toJson(item, style, depth + 1),
      );
      return bracketed('{}', parts, style, depth);
    }
    default:
      throw new Error(`${nameOf(value)} is not JSON serializable`);
  }
}

function bracketed([open = '', close = '']: string, parts: readonly string[], style: JsonStyle, depth: number): string {
  if (style.indent === null || parts.length === 0) return open + parts.join(style.between) + close;
  const [outer, inner] = [depth, depth + 1].map((level) => `\n${' '.repeat((style.indent ?? 0) * level)}`);
  return open + inner + parts.join(style.between + inner) + outer + close;
}

function jsonText(text: string, { ascii }: JsonStyle): string {
  const json = JSON.stringify(text);
  return ascii
    ? json.replace(/[\x7f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    : json;
}

/** `int("7.9")` is 7 and `int("x")` the default, as Jinja's filters have it. */
function numberFilter(operand: Value, otherwise: Value | undefined, isFloat: boolean): unknown {
  const text = operand.type === 'StringValue' ? strip(String(operand.value), 'both', null) : null;
  const value =
    text === null
      ? isNumeric(operand)
        ? Number(operand.value)
        : Number.NaN
      : /^[+-]?(\d[\d_]*\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)
        ? Number(text.replaceAll('_', ''))
        : Number.NaN;
  if (Number.isNaN(value)) return otherwise ?? { number: 0, isFloat };
  return { number: isFloat ? value : Math.trunc(value), isFloat };
}

function defaultFilter(operand: Value, args: readonly Value[], keywords: ReadonlyMap<string, Value>): unknown {
  const otherwise = args[0] ?? keywords.get('default_value') ?? '';
  const alsoFalse = (args[1] ?? keywords.get('boolean'))?.__bool__().value ?? false;
  return operand.type === 'UndefinedValue' || (alsoFalse && !operand.__bool__().value) ? otherwise : operand;
}
