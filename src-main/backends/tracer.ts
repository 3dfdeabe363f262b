import type * as tf from '@tensorflow/tfjs-core';
import type { Attribute, Binding, GraphTensor, HandleInfo, TensorflowBackend } from './binding.ts';

/** Thrown where a computation cannot become a graph; it still runs operation by operation. */
export class TraceRefused extends Error {}

/** Ids of symbolic tensors start here; those of eager ones count up from 0. */
const firstSymbol = 2 ** 30;
/** Shapes, axes and factors met in a trace belong to it. What is larger may be a batch's, and would be wrong for the next one. */
const mostConstantElements = 16;

/**
 * Takes the place of tfjs-node's binding while a function is traced: every operation becomes a node of a graph, nothing is computed.
 * Variables that are met become inputs of the function. Other tensors from outside are constants, if they are small or declared to be.
 */
export class Tracer {
  readonly trace: number;
  /** Met in the trace, in the order of the function's inputs. */
  readonly variables: tf.Variable[] = [];
  readonly #real: Binding;
  readonly #backend: TensorflowBackend;
  readonly #known: { variable(dataId: object): tf.Variable | undefined; constant(dataId: object): boolean };
  readonly #inputs: number[] = [];
  readonly #symbolOf = new Map<number, number>();
  readonly #dataOf = new Map<number, object>();
  readonly #variableInputs: number[] = [];
  readonly #nodes = new Map<string, GraphTensor[]>();
  readonly #smallValues = new Map<number, string>();
  readonly #smallConstants = new Map<string, number>();
  readonly #always: number[] = [];
  readonly #lastOf = new Map<number, number>();
  readonly #shapes = new Map<number, string>();
  /** What was reshaped, by what came of it. */
  readonly #reshaped = new Map<number, number>();

  constructor(
    backend: TensorflowBackend,
    known: { variable(dataId: object): tf.Variable | undefined; constant(dataId: object): boolean },
  ) {
    this.#backend = backend;
    this.#real = backend.binding;
    this.#known = known;
    this.trace = this.#real.traceBegin!();
  }

  /** Runs `build` with the backend recording. */
  record<Result>(build: () => Result): Result {
    const backend = this.#backend;
    const idsOf = backend.getInputTensorIds.bind(backend);
    enter(this);
    backend.binding = this.#recordingBinding();
    backend.getInputTensorIds = (tensors) => {
      const ids = idsOf(tensors);
      ids.forEach((id, i) => this.#dataOf.set(id, tensors[i]!.dataId));
      return ids;
    };
    try {
      return build();
    } finally {
      backend.binding = this.#real;
      // The method of the class shows again.
      delete (backend as Partial<TensorflowBackend>).getInputTensorIds;
      enter(null);
    }
  }

  /** A new argument of the function, as a tensor. */
  input(dtype: number, shape: readonly number[]): tf.Tensor {
    const { id } = this.#real.traceInput!(this.trace, dtype, [...shape]);
    this.#inputs.push(id);
    this.#shapes.set(id, String(shape));
    return this.#backend.createOutputTensor({ id: id + firstSymbol, dtype, shape: [...shape] });
  }

  /** A resource handle as an argument of the function. */
  resource(handle: number): void {
    const { id } = this.#real.traceInput!(this.trace, this.#real.TF_RESOURCE, []);
    this.#inputs.push(id);
    this.#symbolOf.set(handle, id);
  }

  /** Within `record`: makes the trace the function `name`, which answers these tensors. */
  finish(name: string, outputs: readonly tf.Tensor[]): void {
    const ids = this.#backend.getInputTensorIds(outputs).map((id) => this.#symbol(id));
    this.#real.traceFunction!(this.trace, name, [...this.#inputs, ...this.#variableInputs], ids, this.#always);
  }

  end(): void {
    this.#real.traceEnd!(this.trace);
  }

  /**
   * A node that reads or writes resources, the first of which orders it: it comes after the one before it on that resource, and runs
   * though nobody asks for its outputs. What a resource holds has no shape in the graph; `shape` says it.
   */
  ordered(name: string, attributes: Attribute[], ids: readonly number[], shape: readonly number[] = []): HandleInfo[] {
    const inputs = ids.map((id) => this.#symbol(id));
    const [resource] = inputs;
    if (resource === undefined) throw new Error(`${name} has no resource`);
    const before = this.#lastOf.get(resource);
    const made = this.#real.traceOp!(this.trace, name, attributes, inputs, before === undefined ? [] : [before]);
    const [first] = made;
    if (first !== undefined) {
      const node = typeof first === 'number' ? first : first.id;
      this.#lastOf.set(resource, node);
      this.#always.push(node);
    }
    return made.flatMap((output) =>
      typeof output === 'number' ? [] : [{ id: output.id + firstSymbol, dtype: output.dtype, shape: [...shape] }],
    );
  }

  /** The same value, which is there once `before` has been computed. */
  after(id: number, dtype: number, before: number): HandleInfo {
    const attributes = [{ name: 'T', type: this.#real.TF_ATTR_TYPE, value: dtype }];
    const [made] = this.#real.traceOp!(this.trace, 'Identity', attributes, [this.#symbol(id)], [this.#symbol(before)]);
    return this.#asHandles('Identity', [made as GraphTensor])[0]!;
  }

  #recordingBinding(): Binding {
    const real = this.#real;
    const own: Partial<Binding> = {
      executeOp: (name, attributes, ids) => this.#operation(name, attributes, ids),
      createTensor: (shape, dtype, values) => {
        const id = real.createTensor(shape, dtype, values);
        if (values.length <= mostConstantElements)
          this.#smallValues.set(id, `${dtype}|${shape.join()}|${Array.from(values).join()}`);
        return id;
      },
      deleteTensor: (id) => {
        if (id < firstSymbol) real.deleteTensor(id);
      },
      tensorDataSync: (id) => {
        if (id >= firstSymbol) throw new TraceRefused('a value was read that is known only when the function runs');
        return real.tensorDataSync(id);
      },
    };
    // The binding's properties are read-only, for those who inherit them as well.
    const descriptors = Object.fromEntries(Object.entries(own).map(([name, value]) => [name, { value }]));
    return Object.create(real, descriptors) as Binding;
  }

  #operation(name: string, attributes: Attribute[], ids: readonly number[]): HandleInfo[] {
    const inputs = ids.map((id) => this.#symbol(id));
    // What is reshaped twice is reshaped once.
    if (name === 'Reshape') inputs[0] = this.#reshaped.get(inputs[0]!) ?? inputs[0]!;
    // Equal nodes are one: half of a traced step is the same shapes and axes again and again.
    const key = `${name}|${JSON.stringify(attributes)}|${inputs.join()}`;
    let made = this.#nodes.get(key);
    if (made === undefined) {
      made = this.#real.traceOp!(this.trace, name, attributes, asLists(name, inputs), []) as GraphTensor[];
      if (this.#changesNothing(name, attributes, inputs[0], made[0])) made = [{ ...made[0]!, id: inputs[0]! }];
      else if (name === 'Reshape') this.#reshaped.set(made[0]!.id, inputs[0]!);
      made.forEach(({ id, shape }) => this.#shapes.set(id, String(shape)));
      this.#nodes.set(key, made);
    }
    return this.#asHandles(name, made);
  }

  /** Whether an operation gives its input back, so that no kernel has to run for it. */
  #changesNothing(name: string, attributes: readonly Attribute[], input?: number, output?: GraphTensor): boolean {
    if (input === undefined || output === undefined) return false;
    if (name === 'Reshape') return this.#shapes.get(input) === String(output.shape);
    const types = attributes.filter(({ type }) => type === this.#real.TF_ATTR_TYPE).map(({ value }) => value);
    return name === 'Cast' && types[0] === types[1];
  }

  #asHandles(name: string, made: readonly GraphTensor[]): HandleInfo[] {
    return made.map(({ id, dtype, shape }) => {
      if (shape === null || shape.some((size) => size < 0))
        throw new TraceRefused(`the shape of ${name} depends on values`);
      return { id: id + firstSymbol, dtype, shape: [...shape] };
    });
  }

  #symbol(id: number): number {
    if (id >= firstSymbol) return id - firstSymbol;
    const known = this.#symbolOf.get(id);
    if (known !== undefined) return known;
    const made = this.#outside(id);
    this.#symbolOf.set(id, made);
    return made;
  }

  /** A tensor from outside the trace. */
  #outside(id: number): number {
    const dataId = this.#dataOf.get(id);
    const variable = dataId === undefined ? undefined : this.#known.variable(dataId);
    if (variable !== undefined) {
      const { dtype } = this.#backend.tensorMap.get(variable.dataId);
      const { id: input } = this.#real.traceInput!(this.trace, dtype, variable.shape);
      this.variables.push(variable);
      this.#variableInputs.push(input);
      return input;
    }
    const small = this.#smallValues.get(id);
    if (small !== undefined) {
      const same = this.#smallConstants.get(small) ?? this.#real.traceConstant!(this.trace, id).id;
      this.#smallConstants.set(small, same);
      return same;
    }
    const { shape } = dataId === undefined ? { shape: [] } : this.#backend.tensorMap.get(dataId);
    const size = shape.reduce((product, length) => product * length, 1);
    if (size > mostConstantElements && (dataId === undefined || !this.#known.constant(dataId)))
      throw new TraceRefused(`a tensor [${shape.join(', ')}] of one batch would stay in the function for all`);
    return this.#real.traceConstant!(this.trace, id).id;
  }
}

let active: Tracer | null = null;

function enter(tracer: Tracer | null): void {
  active = tracer;
}

/** The trace under way; null when operations run at once. */
export function activeTracer(): Tracer | null {
  return active;
}

/** Inputs of an operation whose definition takes a list. */
function asLists(name: string, ids: readonly number[]): (number | number[])[] {
  switch (name) {
    case 'AddN':
    case 'Pack':
      return [[...ids]];
    case 'ConcatV2':
      return [ids.slice(0, -1), ids.at(-1)!];
    default:
      return [...ids];
  }
}
