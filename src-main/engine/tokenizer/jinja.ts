import { Environment, Interpreter, Template } from '@huggingface/jinja';
import { capitalize, strip, titleFilter } from './python-text.ts';
import { mostSteps, bounded, isNumber, isValue, isNumeric, isList, listOf, print, textOrNull } from './jinja-values.ts';
import type { Value } from './jinja-values.ts';
import { globals } from './jinja-globals.ts';
import { binary } from './jinja-operators.ts';
import { stringMethods } from './jinja-string-methods.ts';
import { jsonStyle, toJson } from './jinja-json.ts';

/**
 * Jinja as Python renders it. @huggingface/jinja reads templates well but runs them by JavaScript's rules: `strip("\n")` forgets
 * its argument, `-7 % 3` is −1, `True` prints “true”, `1 == "1"`. Here its parser is kept, and what differs is done again on its
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
      // Something that cannot be indexed has no such item: undefined, as for anything that is missing.
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

/** Returns undefined if the library's filter does the same. */
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

/** What iterating over a value gives; undefined for what cannot be iterated over. */
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
